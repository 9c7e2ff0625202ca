"""A report as one HTML page that needs nothing else and runs nothing."""

from collections.abc import Iterator
from html import escape

from benchrace.export.grid import Grid
from benchrace.export.report import report
from benchrace.export.text import plain
from benchrace.run.document import RunDocument

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; display: block; overflow-x: auto }
th, td { border-bottom: 1px solid #8884; padding: 0.2rem 0.8rem 0.2rem 0; text-align: left }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
dt { font-weight: 600; float: left; clear: left; width: 8rem } dd { margin-left: 8rem }
.warnings { border-left: 4px solid #c80; padding-left: 2rem }
:root { color-scheme: light dark }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(run: RunDocument) -> bytes:
    """Give the report in UTF-8; all foreign text is escaped."""
    made = report(run)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escaped(made.title)}</title>",
            f"<style>{_STYLE}</style></head>",
            "<body>",
            f"<h1>{escaped(made.title)}</h1>",
            "<dl>",
            *(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in made.facts),
            "</dl>",
            *_warnings(made.warnings),
            *(line for grid in made.grids if grid.rows for line in _table(grid)),
            "</body>",
            "</html>",
            "",
        )
    ).encode()


def escaped(text: str) -> str:
    """Make foreign text appear as it is, in content and in attributes."""
    return escape(plain(text), quote=True)


def _warnings(warnings: tuple[str, ...]) -> Iterator[str]:
    if warnings:
        yield "<h2>Warnings</h2>"
        yield '<ul class="warnings">'
        yield from (f"<li>{escaped(each)}</li>" for each in warnings)
        yield "</ul>"


def _table(grid: Grid) -> Iterator[str]:
    yield f"<h2>{escaped(grid.title)}</h2>"
    yield "<table>"
    yield _row("th", grid.header)
    yield from (_row("td", row) for row in grid.rows)
    yield "</table>"


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escaped(cell)}</{tag}>" for cell in cells) + "</tr>"
