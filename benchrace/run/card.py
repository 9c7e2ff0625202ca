"""How the card of a run can look."""

from enum import StrEnum


class CardShape(StrEnum):
    """1200x630 pixels, as links are previewed, or 1080x1080."""

    WIDE = "wide"
    SQUARE = "square"


class CardTheme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
