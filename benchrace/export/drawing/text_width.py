"""How wide text is about, without a font: no reader's fonts are known.

The widths are those of DejaVu Sans, the widest of the common system fonts, so that text is rather
shortened too early than drawn over what is beside it.
"""

import math
import unicodedata
from collections.abc import Sequence

ELLIPSIS = "…"
_BOLD = 1.2
# In parts of the font's size.
_WIDTHS = {
    letter: width
    for width, letters in (
        (0.33, "'ijlIJ ,.·"),
        (0.37, "/:;\\|f-"),
        (0.42, '()[]t!r"'),
        (0.53, "*_`sz?c°–"),
        (0.63, "LkFvxyPTYaoeESbdghnpqu$0123456789{}"),
        (0.7, "KAVBRXZC"),
        (0.79, "UHNDG&OQ"),
        (0.86, "#+<=>^~Mw×−"),
        (1.0, "%mW@…"),
    )
    for letter in letters
}
# A Latin letter with an accent, any other letter, and symbols such as emoji.
_LATIN, _OTHER, _SYMBOL = 0.8, 1.1, 1.4
_FIRST_BEYOND_LATIN = "\u0250"
# A name that is cut keeps this part of its beginning: what tells models apart is often at the end.
_HEAD = 0.6


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width in pixels of a line of text."""
    return sum(map(_letter, text)) * size * (_BOLD if bold else 1)


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Cut out the middle of a name that is too wide."""
    if text_width(text, size, bold=bold) <= width:
        return text
    for length in range(len(text) - 1, 0, -1):
        head = round(length * _HEAD)
        short = f"{text[:head].rstrip()}{ELLIPSIS}{text[len(text) - length + head :].lstrip()}"
        if text_width(short, size, bold=bold) <= width:
            return short
    return ELLIPSIS


def shorten_words(
    text: str, width: float, size: float, *, names: Sequence[str] = (), ending: str = ""
) -> str:
    """Leave out words in the middle of a text that is too wide, and keep its `ending`.

    Where none of the `names` in it would stay whole, letters are left out instead of words.
    """
    if text_width(text, size) <= width:
        return text
    room = width - text_width(ending, size)
    if room < text_width(ELLIPSIS, size):
        return shorten(text, width, size)
    text = text.removesuffix(ending)
    words = text.split()
    for count in range(len(words) - 1, 1, -1):
        head = math.ceil(count * _HEAD)
        short = " ".join((*words[:head], ELLIPSIS, *words[len(words) - count + head :]))
        if text_width(short, size) <= room and (not names or any(name in short for name in names)):
            return short + ending
    return shorten(text, room, size) + ending


def fitting(texts: Sequence[str], width: float, size: float) -> str:
    """Return the first text that is not too wide; the last one is cut where none fits."""
    fits = (text for text in texts if text_width(text, size) <= width)
    return next(fits, None) or shorten(texts[-1], width, size)


def wrap(text: str, width: float, size: float, lines: int) -> list[str]:
    """Break text between words into so many lines at most; the last one may end in an ellipsis."""
    rows: list[str] = []
    words = [shorten(word, width, size) for word in text.split()]
    while words:
        fitting = _fitting(words, width, size)
        if len(rows) == lines - 1 and fitting < len(words):
            while fitting > 1 and _too_wide([*words[:fitting], ELLIPSIS], width, size):
                fitting -= 1
            return [*rows, " ".join(words[:fitting]).rstrip(",;. ") + ELLIPSIS]
        rows.append(" ".join(words[:fitting]))
        words = words[fitting:]
    return rows


def _fitting(words: list[str], width: float, size: float) -> int:
    count = 1
    while count < len(words) and not _too_wide(words[: count + 1], width, size):
        count += 1
    return count


def _too_wide(words: list[str], width: float, size: float) -> bool:
    return text_width(" ".join(words), size) > width


def _letter(letter: str) -> float:
    if (width := _WIDTHS.get(letter)) is not None:
        return width
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf"):
        return 0.0
    if category == "So":
        return _SYMBOL
    if letter < _FIRST_BEYOND_LATIN and category != "Sm":
        return _LATIN
    return _OTHER
