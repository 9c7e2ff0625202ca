"""Put a report together: result, charts, what it ran on, and every number behind it."""

from collections.abc import Iterator

from benchrace.export.drawing.markup import element, escaped
from benchrace.export.drawing.palette import variables
from benchrace.export.page.charts import over_time, strips
from benchrace.export.page.head import head
from benchrace.export.page.style import POLICY, STYLE
from benchrace.export.page.tables import lane_grids, table
from benchrace.export.report import Report, report
from benchrace.run.document import RunDocument


def render(run: RunDocument) -> bytes:
    """Render the report in UTF-8; all foreign text is escaped."""
    content = report(run)
    lines = (
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(content.title)}</title>",
        f"<style>{STYLE}</style></head>",
        "<body>",
        *_body(run, content),
        "</body>",
        "</html>",
        "",
    )
    return "\n".join(lines).encode()


def _body(run: RunDocument, content: Report) -> Iterator[str]:
    palette = variables()
    yield element("h1", escaped(content.title))
    yield from head(run, palette)
    yield from _warnings(content.warnings)
    charts = (*strips(run, palette), *over_time(run, palette))
    if charts:
        yield element("h2", "Rounds in charts")
        yield from charts
    shown = [grid for grid in (*content.grids, *lane_grids(run)) if grid.rows]
    yield from (table(grid) for grid in shown if not grid.folded)
    folded = (table(grid) for grid in shown if grid.folded)
    yield element("section", element("h2", "Every number"), *folded, class_="folded")
    yield element("h2", "Run")
    yield element("dl", *(_fact(*fact) for fact in content.facts))


def _fact(name: str, value: str) -> str:
    return element("dt", escaped(name)) + element("dd", escaped(value))


def _warnings(warnings: tuple[str, ...]) -> Iterator[str]:
    if warnings:
        yield element("h2", "Warnings")
        items = (element("li", escaped(warning)) for warning in warnings)
        yield element("ul", *items, class_="warnings")
