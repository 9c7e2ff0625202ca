"""Sizes of a card, in pixels."""

import msgspec

from benchrace.run.card import CardShape


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """`stacked`: the margin stands below the headline, and labels stand above their bars.

    The other fields are sizes of text, lines of text at most, and the most that a row is high.
    """

    width: int
    height: int
    margin: int
    stacked: bool
    title: int
    headline: int
    beside: int
    detail: int
    detail_lines: int
    doubt: int
    doubt_lines: int
    label: int
    row: int
    foot: int


SHAPES = {
    CardShape.WIDE: Shape(
        width=1200,
        height=630,
        margin=56,
        stacked=False,
        title=24,
        headline=66,
        beside=19,
        detail=24,
        detail_lines=2,
        doubt=18,
        doubt_lines=2,
        label=22,
        row=74,
        foot=18,
    ),
    CardShape.SQUARE: Shape(
        width=1080,
        height=1080,
        margin=64,
        stacked=True,
        title=30,
        headline=78,
        beside=27,
        detail=30,
        detail_lines=3,
        doubt=23,
        doubt_lines=3,
        label=27,
        row=112,
        foot=21,
    ),
}
