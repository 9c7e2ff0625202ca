"""A lane's bar: percent of the fastest, its interval as a whisker, its rounds as dots."""

from collections.abc import Callable, Iterator

from benchrace.export.drawing.markup import element
from benchrace.export.drawing.palette import Palette
from benchrace.export.drawing.scale import Bar

_RADIUS = 4.0
# Across in a length of SVG, down in pixels.
Point = tuple[str, float]


def draw_bar(
    bar: Bar, *, x: Callable[[float], str], height: float, colour: str, palette: Palette
) -> Iterator[str]:
    """Yield the elements, from the top left corner on; `x` turns a part of 1 into a length."""
    corner = min(6.0, height / 4)
    yield element("rect", width=x(1), height=height, rx=corner, fill=palette.track)
    if bar.fill:
        # Lighter than the dots, which lie on it in the same colour.
        yield element(
            "rect", width=x(bar.fill), height=height, rx=corner, fill=colour, fill_opacity=0.8
        )
    yield from whisker(bar.whisker, open_end=bar.open_end, x=x, height=height, colour=palette.ink)
    yield from dots(bar.dots, x=x, height=height, colour=colour, fill=palette.surface)


def whisker(
    ends: tuple[float, float] | None,
    *,
    x: Callable[[float], str],
    height: float,
    colour: str,
    open_end: bool = False,
) -> Iterator[str]:
    """Yield a line with caps at its ends; an end that lies past the track has none."""
    if ends is None:
        return
    low, high = map(x, ends)
    middle, cap = height / 2, min(9.0, height / 3)
    yield line((low, middle), (high, middle), colour)
    for at in (low,) if open_end else (low, high):
        yield line((at, middle - cap), (at, middle + cap), colour)


def line(start: Point, end: Point, colour: str) -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = start, end
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=2)


def dots(
    places: tuple[float, ...], *, x: Callable[[float], str], height: float, colour: str, fill: str
) -> Iterator[str]:
    """Yield a hollow dot for each round."""
    for place in places:
        yield element(
            "circle",
            cx=x(place),
            cy=height / 2,
            r=min(_RADIUS, height / 5),
            fill=fill,
            stroke=colour,
            stroke_width=2,
        )
