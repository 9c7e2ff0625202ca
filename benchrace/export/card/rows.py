"""The bars of a card, best first, and what their marks mean."""

import msgspec

from benchrace.export.card.content import Content, Row
from benchrace.export.card.shape import Shape
from benchrace.export.card.sheet import Sheet
from benchrace.export.drawing.text_width import shorten, text_width

_GAP = 20
_LABEL_SHARE = 0.3
# Labels become smaller before they are shortened.
_SMALLEST_LABEL = 0.72
_MARKS = "dots: rounds · line: 95 % interval"


def draw_rows(sheet: Sheet, text: Content, sizes: Shape, *, top: float, bottom: float) -> None:
    """Draw the rows between `top` and `bottom`."""
    if not text.rows:
        return
    bottom = _legend(sheet, text, sizes, bottom)
    # One lane does not fill the card, and the rows of two are not far apart.
    pitch = min(sizes.row, (bottom - top) / len(text.rows))
    columns = _columns(text, sizes, pitch)
    for number, row in enumerate(text.rows):
        draw = _stacked if sizes.stacked else _beside
        draw(sheet, row, columns, top + number * pitch, pitch)


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows share: the ends of the card, sizes of text, and widths."""

    left: float
    right: float
    size: float
    label_size: float
    label: float
    values: float
    shares: float


def _columns(text: Content, sizes: Shape, pitch: float) -> Columns:
    left, right = sizes.margin, sizes.width - sizes.margin
    size = min(sizes.label, pitch * (0.3 if sizes.stacked else 0.62))
    values = max(text_width(row.value, size, bold=True) for row in text.rows) + _GAP
    shares = max(text_width(row.share, size) for row in text.rows)
    shares += _GAP if shares else 0
    beside = values + shares if sizes.stacked else (right - left) * (1 - _LABEL_SHARE) + _GAP
    label = right - left - beside
    widest = max(text_width(row.label, 1, bold=True) for row in text.rows)
    fitting = min(size, label / max(widest, 1))
    return Columns(
        left=left,
        right=right,
        size=size,
        label_size=max(fitting, size * _SMALLEST_LABEL),
        label=label,
        values=values,
        shares=shares,
    )


def _beside(sheet: Sheet, row: Row, columns: Columns, y: float, pitch: float) -> None:
    """Draw label, bar, value and share in one line."""
    height = pitch * 0.66
    _words(sheet, row, columns, y + height / 2 + columns.size * 0.36)
    x = columns.left + columns.label + _GAP
    width = columns.right - columns.values - columns.shares - x
    sheet.bar(x, y, width, height, row.bar, sheet.palette.lane(row.lane))


def _stacked(sheet: Sheet, row: Row, columns: Columns, y: float, pitch: float) -> None:
    """Draw label, value and share above the bar."""
    baseline = y + columns.size
    _words(sheet, row, columns, baseline)
    top, width = baseline + columns.size * 0.4, columns.right - columns.left
    sheet.bar(columns.left, top, width, pitch * 0.42, row.bar, sheet.palette.lane(row.lane))


def _words(sheet: Sheet, row: Row, columns: Columns, y: float) -> None:
    label = shorten(row.label, columns.label, columns.label_size, bold=True)
    sheet.text(columns.left, y, label, columns.label_size, font_weight="600")
    end = {"text_anchor": "end"}
    x = columns.right - columns.shares
    sheet.text(x, y, row.value, columns.size, font_weight="700", **end)
    soft = sheet.palette.ink_soft
    sheet.text(columns.right, y, row.share, columns.size, fill=soft, **end)


def _legend(sheet: Sheet, text: Content, sizes: Shape, bottom: float) -> float:
    """Draw what is below the rows, and return where it begins."""
    soft = sheet.palette.ink_soft
    size = sizes.foot * 0.85
    y = bottom - size * 0.9
    x = sizes.width - sizes.margin
    left = f"{text.more} · {_MARKS}" if text.more else _MARKS
    room = x - sizes.margin - text_width(left, size) - _GAP
    sheet.text(sizes.margin, y, left, size, fill=soft)
    sheet.text(x, y, shorten(text.axis, room, size), size, fill=soft, text_anchor="end")
    return y - size * 1.4
