"""The page's colours; a test compares them with `ui/src/design/tokens.css`."""

import msgspec

from benchrace.run.card import CardTheme


class Palette(msgspec.Struct, frozen=True, kw_only=True):
    """Lane colours go by a lane's number in its run, and begin again after the last."""

    surface: str
    track: str
    hairline: str
    ink: str
    ink_soft: str
    warn: str
    bad: str
    lanes: tuple[str, ...]

    def lane(self, number: int) -> str:
        return self.lanes[number % len(self.lanes)]


LIGHT = Palette(
    surface="#ffffff",
    track="#f0efea",
    hairline="#e2e0d9",
    ink="#1b1c1f",
    ink_soft="#55585f",
    warn="#8a5a00",
    bad="#b3282d",
    lanes=(
        "#4280f9",
        "#c17116",
        "#206d53",
        "#a6079e",
        "#7e894e",
        "#c264bd",
        "#9c2b0e",
        "#3c4456",
    ),
)
DARK = Palette(
    surface="#1a1c20",
    track="#2b2e35",
    hairline="#2b2e35",
    ink="#ececef",
    ink_soft="#a9adb7",
    warn="#f0b95a",
    bad="#ff8f8c",
    lanes=(
        "#4b8bf7",
        "#f0a806",
        "#9dfcb1",
        "#d06c9b",
        "#f6d76e",
        "#8d8dcc",
        "#de6767",
        "#dae4f7",
    ),
)
THEMES = {CardTheme.LIGHT: LIGHT, CardTheme.DARK: DARK}


def variables() -> Palette:
    """Return the colours as variables of a style sheet, which `rules` declares."""
    fields = {name: f"var(--{name.replace('_', '-')})" for name in _NAMES}
    lanes = tuple(f"var(--lane-{number})" for number in range(len(LIGHT.lanes)))
    return Palette(**fields, lanes=lanes)


def rules() -> str:
    """Return the declarations of all variables, for light and dark."""
    named = [(name.replace("_", "-"), getattr(LIGHT, name), getattr(DARK, name)) for name in _NAMES]
    named += [
        (f"lane-{number}", light, dark)
        for number, (light, dark) in enumerate(zip(LIGHT.lanes, DARK.lanes, strict=True))
    ]
    return " ".join(f"--{name}: light-dark({light}, {dark});" for name, light, dark in named)


_NAMES = tuple(name for name in Palette.__struct_fields__ if name != "lanes")
