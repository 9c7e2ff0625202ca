"""A report as Markdown (GitHub's tables)."""

import re
from collections.abc import Iterator

from benchrace.export.report import Grid, report
from benchrace.export.text import plain
from benchrace.run.document import RunDocument

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$!])")
# What begins a list, a heading or a quotation at the start of a line, or a link anywhere.
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)]))")
_LINK = re.compile(r"(https?|www|mailto)([:.])", re.IGNORECASE)


def render(run: RunDocument) -> bytes:
    """Give the report in UTF-8."""
    made = report(run)
    lines = [f"# {escaped(made.title)}", ""]
    lines += [f"- {escaped(name)}: {escaped(value)}" for name, value in made.facts]
    if made.warnings:
        lines += ["", "## Warnings", "", *(f"- {escaped(each)}" for each in made.warnings)]
    for grid in made.grids:
        if grid.rows:
            lines += ["", *_table(grid)]
    return ("\n".join(lines) + "\n").encode()


def escaped(text: str) -> str:
    """Make foreign text appear as it is, and never as markup or as a link."""
    line = _LINK.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain(text)))
    return _LEADING.sub(lambda found: _led(found[1]), line)


def _led(start: str) -> str:
    return f"{start}\\" if start[0].isdigit() else f"\\{start}"


def _table(grid: Grid) -> Iterator[str]:
    yield f"## {escaped(grid.title)}"
    yield ""
    yield "| " + " | ".join(map(escaped, grid.header)) + " |"
    yield "|" + " --- |" * len(grid.header)
    for row in grid.rows:
        yield "| " + " | ".join(map(escaped, row)) + " |"
