"""Draw the card of a run as SVG: without scripts, fonts or anything else from outside.

It is drawn from top to bottom; the bars get the room between what is above and below them.
"""

from benchrace.export.card.content import Content, Headline, content
from benchrace.export.card.rows import draw_rows
from benchrace.export.card.shape import SHAPES, Shape
from benchrace.export.card.sheet import Sheet
from benchrace.export.drawing.palette import THEMES
from benchrace.export.drawing.text_width import fitting, shorten, shorten_words, text_width, wrap
from benchrace.export.title import SIMULATED
from benchrace.run.card import CardShape, CardTheme
from benchrace.run.document import RunDocument
from benchrace.run.result import ConfidenceLevel
from benchrace.run.states import RunState

_GAP = 40
# A headline becomes smaller before the name in it is shortened; a sentence without one never is.
_SMALLEST_HEADLINE = 0.55
_SMALLEST_SENTENCE = 0.4
_LEADING = 1.35
_ALARMING = frozenset({RunState.FAILED, RunState.INTERRUPTED})


def render(
    run: RunDocument, shape: CardShape = CardShape.WIDE, theme: CardTheme = CardTheme.LIGHT
) -> bytes:
    """Draw the card in UTF-8; while the run is not over, it shows the result so far."""
    text, sizes = content(run), SHAPES[shape]
    sheet = Sheet(sizes.width, sizes.height, THEMES[theme])
    top = _head(sheet, text, sizes)
    bottom = _foot(sheet, text, sizes)
    draw_rows(sheet, text, sizes, top=top, bottom=bottom)
    line = text.headline
    return sheet.render(f"{text.title}: {line.before}{line.name}{line.after}")


def _head(sheet: Sheet, text: Content, sizes: Shape) -> float:
    """Draw what is above the bars, and return where it ends."""
    room = sizes.width - 2 * sizes.margin
    y = sizes.margin + sizes.title * 0.8
    _title(sheet, text, sizes, y)
    y += sizes.headline * 1.25
    figure = _aside(text.figure, sizes.headline, sizes, bold=True)
    beside = _aside(text.beside, sizes.beside, sizes)
    _headline(sheet, text.headline, sizes, y, room - figure)
    if sizes.stacked and text.beside:
        y += sizes.headline * 1.15 if text.figure else sizes.beside * 1.6
    _margin(sheet, text, sizes, y)
    y += sizes.detail * 0.4
    for line in wrap(text.detail, room - beside, sizes.detail, sizes.detail_lines):
        y += sizes.detail * _LEADING
        sheet.text(sizes.margin, y, line, sizes.detail)
    if text.level is not None:
        y += sizes.doubt * 0.5
        y = _doubt(sheet, text, sizes, y)
    return y + sizes.doubt * 1.2


def _aside(text: str, size: float, sizes: Shape, *, bold: bool = False) -> float:
    """Return how much room a text needs that stands right of another one."""
    return 0.0 if sizes.stacked or not text else text_width(text, size, bold=bold) + _GAP


def _title(sheet: Sheet, text: Content, sizes: Shape, y: float) -> None:
    soft = sheet.palette.ink_soft
    room: float = sizes.width - 2 * sizes.margin
    if text.state:
        colour = sheet.palette.bad if text.state in _ALARMING else sheet.palette.warn
        right = {"text_anchor": "end", "font_weight": "600"}
        sheet.text(sizes.width - sizes.margin, y, text.state, sizes.title, fill=colour, **right)
        room -= text_width(text.state, sizes.title, bold=True) + _GAP
    ending = SIMULATED if text.title.endswith(SIMULATED) else ""
    short = shorten_words(text.title, room, sizes.title, names=text.names, ending=ending)
    sheet.text(sizes.margin, y, short, sizes.title, fill=soft)


def _headline(sheet: Sheet, line: Headline, sizes: Shape, y: float, room: float) -> None:
    whole = line.before + line.name + line.after
    # A little less than what just fits: a rounding error must not cut a name.
    largest = 0.999 * room / text_width(whole, 1, bold=True)
    smallest = _SMALLEST_SENTENCE if line.lane is None else _SMALLEST_HEADLINE
    size = max(min(float(sizes.headline), largest), sizes.headline * smallest)
    if line.lane is None:
        parts: tuple[tuple[str, str | None], ...] = ((shorten(whole, room, size, bold=True), None),)
    else:
        around = text_width(line.before + line.after, size, bold=True)
        name = shorten(line.name, room - around, size, bold=True)
        colour = sheet.palette.lane(line.lane)
        parts = ((line.before, None), (name, colour), (line.after, None))
    sheet.spans(sizes.margin, y, parts, size, font_weight="700")


def _margin(sheet: Sheet, text: Content, sizes: Shape, y: float) -> None:
    """Draw the margin: right of the headline, or at `y` where the card is stacked."""
    line = text.headline
    colour = sheet.palette.ink if line.lane is None else sheet.palette.lane(line.lane)
    bold = {"fill": colour, "font_weight": "700"}
    soft = {"fill": sheet.palette.ink_soft}
    if sizes.stacked:
        sheet.text(sizes.margin, y, text.figure, sizes.headline, **bold)
        width = text_width(text.figure, sizes.headline, bold=True)
        x = sizes.margin + (width + _GAP / 2 if text.figure else 0)
        room = sizes.width - sizes.margin - x
        sheet.text(x, y, shorten(text.beside, room, sizes.beside), sizes.beside, **soft)
        return
    x = sizes.width - sizes.margin
    sheet.text(x, y, text.figure, sizes.headline, text_anchor="end", **bold)
    y += sizes.beside * 1.8
    sheet.text(x, y, text.beside, sizes.beside, text_anchor="end", **soft)


def _doubt(sheet: Sheet, text: Content, sizes: Shape, y: float) -> float:
    palette = sheet.palette
    colour = {
        ConfidenceLevel.HIGH: palette.ink_soft,
        ConfidenceLevel.MEDIUM: palette.warn,
        ConfidenceLevel.LOW: palette.bad,
    }[text.level or ConfidenceLevel.LOW]
    indent = sizes.doubt * 1.1
    room = sizes.width - 2 * sizes.margin - indent
    for number, line in enumerate(wrap(text.doubt, room, sizes.doubt, sizes.doubt_lines)):
        y += sizes.doubt * _LEADING
        if number == 0:
            radius = sizes.doubt * 0.3
            sheet.dot(sizes.margin + radius, y - sizes.doubt * 0.35, radius, colour)
        sheet.text(sizes.margin + indent, y, line, sizes.doubt, fill=colour)
    return y


def _foot(sheet: Sheet, text: Content, sizes: Shape) -> float:
    """Draw what is below the bars, from the bottom up, and return where it begins."""
    soft = sheet.palette.ink_soft
    room = sizes.width - 2 * sizes.margin
    y = sizes.height - sizes.margin + sizes.foot * 0.4
    mark = f"benchrace {text.run_id}"
    x = sizes.width - sizes.margin
    parts = (("benchrace ", sheet.palette.ink), (text.run_id, None))
    sheet.spans(x, y, parts, sizes.foot, fill=soft, text_anchor="end")
    beside = room - text_width(mark, sizes.foot) - _GAP
    if sizes.stacked:
        sheet.text(sizes.margin, y, text.date, sizes.foot, fill=soft)
        y -= sizes.foot * 1.6
        sheet.text(sizes.margin, y, fitting(text.hardware, room, sizes.foot), sizes.foot, fill=soft)
    else:
        ending = f" · {text.date}"
        left = beside - text_width(ending, sizes.foot)
        line = fitting(text.hardware, left, sizes.foot) + ending
        sheet.text(sizes.margin, y, line, sizes.foot, fill=soft)
    y -= sizes.foot * 1.8
    sheet.line(y, sizes.margin)
    return y
