"""A report as Markdown (GitHub's tables)."""

import re
from collections.abc import Iterator

from benchrace.export.grid import Grid
from benchrace.export.report import report
from benchrace.export.text import plain
from benchrace.run.document import RunDocument

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&$!])")
# What begins a list or an underlined heading at the start of a line, and a link anywhere.
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)](?: |$)))")
_LINK = re.compile(r"(https?|www|mailto)([:.])", re.IGNORECASE)


def render(run: RunDocument) -> bytes:
    """Give the report in UTF-8."""
    made = report(run)
    lines = [f"# {escaped(made.title)}", ""]
    lines += [f"- {begun(name)}: {escaped(value)}" for name, value in made.facts]
    if made.warnings:
        lines += ["", "## Warnings", "", *(f"- {begun(each)}" for each in made.warnings)]
    for grid in made.grids:
        if grid.rows:
            lines += ["", *_table(grid)]
    return ("\n".join(lines) + "\n").encode()


def escaped(text: str) -> str:
    """Make foreign text appear as it is within a line, and never as markup or as a link."""
    return _LINK.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain(text)))


def begun(text: str) -> str:
    """Escape text that begins a line or a list's item, where more is markup."""
    return _LEADING.sub(lambda found: _led(found[1]), escaped(text))


def _led(start: str) -> str:
    return f"{start}\\" if start[0].isdigit() else f"\\{start}"


def _table(grid: Grid) -> Iterator[str]:
    yield f"## {escaped(grid.title)}"
    yield ""
    yield "| " + " | ".join(map(escaped, grid.header)) + " |"
    yield "|" + " --- |" * len(grid.header)
    for row in grid.rows:
        yield "| " + " | ".join(map(escaped, row)) + " |"
