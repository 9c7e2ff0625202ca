"""A table of a report."""

import msgspec


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Every row has as many cells as `header`; a page shows a folded one on demand."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool = False
