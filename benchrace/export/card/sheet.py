"""The sheet that a card is drawn on: text and bars at their places."""

from collections.abc import Callable

from benchrace.export.drawing.bar import draw_bar
from benchrace.export.drawing.markup import element, escaped, number
from benchrace.export.drawing.palette import Palette
from benchrace.export.drawing.scale import Bar

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"


class Sheet:
    """Collects elements; coordinates are in pixels, a text's `y` is its baseline."""

    def __init__(self, width: int, height: int, palette: Palette) -> None:
        self.width = width
        self.height = height
        self.palette = palette
        self._elements = [element("rect", width=width, height=height, fill=palette.surface)]

    def text(
        self, x: float, y: float, text: str, size: float, *, fill: str | None = None, **more: str
    ) -> None:
        """Add a line of foreign text, if there is any."""
        if text:
            self.spans(x, y, ((text, None),), size, fill=fill, **more)

    def spans(
        self,
        x: float,
        y: float,
        parts: tuple[tuple[str, str | None], ...],
        size: float,
        *,
        fill: str | None = None,
        **more: str,
    ) -> None:
        """Add a line of parts, some of which have a colour of their own."""
        content = "".join(
            element("tspan", _text(text), fill=colour) if colour else _text(text)
            for text, colour in parts
        )
        style = {"fill": fill or self.palette.ink, **more}
        self._elements.append(element("text", content, x=x, y=y, font_size=size, **style))

    def bar(self, x: float, y: float, width: float, height: float, bar: Bar, colour: str) -> None:
        """Add a lane's bar."""
        along: Callable[[float], str] = lambda part: number(part * width)  # noqa: E731
        drawn = draw_bar(bar, x=along, height=height, colour=colour, palette=self.palette)
        self._elements.append(element("g", *drawn, transform=f"translate({number(x)} {number(y)})"))

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """Add a filled dot."""
        self._elements.append(element("circle", cx=x, cy=y, r=radius, fill=colour))

    def line(self, y: float, margin: float) -> None:
        """Add a hairline from margin to margin."""
        self._elements.append(
            element(
                "line",
                x1=margin,
                x2=self.width - margin,
                y1=y,
                y2=y,
                stroke=self.palette.hairline,
            )
        )

    def render(self, title: str) -> bytes:
        """Return the whole document; `title` is for those who do not see it."""
        return (
            element(
                "svg",
                element("title", escaped(title)),
                *self._elements,
                xmlns="http://www.w3.org/2000/svg",
                width=self.width,
                height=self.height,
                viewBox=f"0 0 {self.width} {self.height}",
                font_family=FONT,
                role="img",
            )
            + "\n"
        ).encode()


def _text(text: str) -> str:
    """Escape a part of a line; the spaces at its ends separate it from the next part."""
    inner = escaped(text)
    before = " " if text[:1] == " " and inner else ""
    after = " " if text[-1:] == " " and inner else ""
    return f"{before}{inner}{after}"
