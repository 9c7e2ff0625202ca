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
    """Render the report in UTF-8."""
    content = report(run)
    lines = [f"# {escaped(content.title)}", "", *_head(content.head)]
    lines += [f"- {begun(name)}: {escaped(value)}" for name, value in content.facts]
    if content.warnings:
        lines += ["", "## Warnings", "", *(f"- {begun(warning)}" for warning in content.warnings)]
    for grid in content.grids:
        if grid.rows:
            lines += ["", *_table(grid)]
    return ("\n".join(lines) + "\n").encode()


def _head(head: tuple[str, ...]) -> Iterator[str]:
    """Yield a paragraph for each line, the first one bold."""
    for number, line in enumerate(head):
        yield begun(line) if number else f"**{escaped(line)}**"
        yield ""


def escaped(text: str) -> str:
    """Escape foreign text so that it appears as it is within a line, never as markup or a link."""
    return _LINK.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain(text)))


def begun(text: str) -> str:
    """Escape text that begins a line or a list's item, where more is markup."""
    return _LEADING.sub(lambda match: _led(match[1]), escaped(text))


def _led(start: str) -> str:
    return f"{start}\\" if start[0].isdigit() else f"\\{start}"


def _table(grid: Grid) -> Iterator[str]:
    yield f"## {escaped(grid.title)}"
    yield ""
    yield "| " + " | ".join(map(escaped, grid.header)) + " |"
    yield "|" + " --- |" * len(grid.header)
    for row in grid.rows:
        yield "| " + " | ".join(map(escaped, row)) + " |"
