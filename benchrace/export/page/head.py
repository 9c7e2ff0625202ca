"""The result at the top of a report: its sentences, and the lanes as bars."""

from collections.abc import Iterator

from benchrace.export.card.content import Content, Row, content
from benchrace.export.drawing.bar import draw_bar
from benchrace.export.drawing.markup import element, escaped, percent
from benchrace.export.drawing.palette import Palette
from benchrace.run.document import RunDocument
from benchrace.run.headline import doubts
from benchrace.run.result import Result

_HEIGHT = 28.0


def head(run: RunDocument, palette: Palette) -> Iterator[str]:
    """Yield headline, margin, detail, confidence, and a bar for each lane."""
    text = content(run, most=len(run.lanes))
    line = text.headline
    name = escaped(line.name)
    if line.lane is not None:
        name = element("span", name, style=f"color: {palette.lane(line.lane)}")
    outcome = element("p", _spaced(line.before), name, _spaced(line.after), class_="outcome")
    detail = element("p", escaped(text.detail))
    yield element(
        "div",
        element("div", outcome, detail, *_doubt(run.result)),
        *_margin(text, palette),
        class_="head",
    )
    if text.rows:
        rows = (element("div", *_row(row, palette), class_="row") for row in text.rows)
        yield element("div", *rows, class_="rows chart")
        marks = element("span", "dots: rounds · line: 95 % interval")
        yield element("p", marks, element("span", escaped(text.axis)), class_="ends soft")


def _doubt(result: Result | None) -> Iterator[str]:
    if result is not None:
        level = result.confidence.level
        yield element("p", escaped(doubts(result)), class_=f"doubt {level}")


def _margin(text: Content, palette: Palette) -> Iterator[str]:
    if not (text.figure or text.beside):
        return
    lane = text.headline.lane
    colour = palette.ink if lane is None else palette.lane(lane)
    figure = element("p", escaped(text.figure), class_="figure", style=f"color: {colour}")
    beside = element("p", escaped(text.beside), class_="soft")
    yield element("div", figure, beside, class_="margin")


def _row(row: Row, palette: Palette) -> Iterator[str]:
    drawn = draw_bar(
        row.bar, x=percent, height=_HEIGHT, colour=palette.lane(row.lane), palette=palette
    )
    name = f"{row.label}: {row.value}, {row.share} of the best"
    yield element("span", escaped(row.label), class_="label")
    yield element("svg", *drawn, height=_HEIGHT, role="img", aria_label=name, class_="track")
    yield element("strong", escaped(row.value))
    yield element("span", escaped(row.share), class_="share soft")


def _spaced(text: str) -> str:
    """Escape a part of a sentence, with the spaces that part it from its neighbours."""
    inner = escaped(text)
    return f"{' ' * text.startswith(' ')}{inner}{' ' * text.endswith(' ')}" if inner else ""
