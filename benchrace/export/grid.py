"""A table of a readable report."""

import msgspec


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Every row has as many cells as `header`."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
