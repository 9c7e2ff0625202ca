"""Tables without lines, as the lists in a terminal have them."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from benchrace.cli.output.formatting import clean_line


def table(
    titles: Sequence[str], rows: Iterable[Sequence[str]], *, unbroken: str | None = None
) -> Table:
    """Return rows of text under their titles; the column `unbroken` is never wrapped."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        drawn.add_column(title, no_wrap=title == unbroken, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(clean_line(cell)) for cell in row))
    return drawn
