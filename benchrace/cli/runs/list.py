"""`benchrace runs list`: one line for each stored run."""

from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.runs.archive import archive
from benchrace.formatting import quantity
from benchrace.store.query import MAX_ROWS
from benchrace.store.run_row import RowLane, RunRow

# Values of a tie; a line has no room for more.
SHOWN = 3
LONGEST_ID = len("2026-01-31_235959_abcdef")


@click.command("list")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, MAX_ROWS),
    default=20,
    show_default=True,
    metavar="N",
    help="Maximum number of runs.",
)
@click.option(
    "--search", "-s", metavar="TEXT", help="Only runs whose name, tags or ID contain TEXT."
)
@options.as_json
@options.archive
def list_runs(
    limit: int,
    search: str | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """List stored runs, newest first."""
    with archive(central, token, options.path(data_dir)) as stored:
        rows = stored.page(limit, search).runs
    if as_json:
        options.print_json({"runs": rows})
        return
    if not rows:
        click.echo("No runs yet. Start one with `benchrace race`.")
        return
    screen = console()
    screen.print(listing(rows, screen.width))


def listing(rows: Sequence[RunRow], width: int) -> Table:
    """Draw a line for each run; a run's id is always whole, and names are cut first."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("run", "kind", "state", "lanes", "result", "confidence", "name"):
        whole = title in ("run", "state")
        table.add_column(
            title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if title == "lanes" else "left",
            min_width=LONGEST_ID if title == "run" else None,
            max_width=None if whole else max(6, width // (3 if title == "result" else 5)),
        )
    for row in rows:
        table.add_row(*(Text(clean_line(cell)) for cell in _cells(row)))
    return table


def _cells(row: RunRow) -> tuple[str, ...]:
    """Return a run's cells; its ID begins with its time."""
    sure = "-" if row.result is None else row.result.confidence.value
    lanes = str(len(row.lanes))
    return (
        row.run_id,
        row.kind,
        f"{row.state.value}, simulated" if row.simulated else row.state.value,
        lanes,
        _result(row),
        sure,
        row.name or row.title,
    )


def _result(row: RunRow) -> str:
    """Return who won, by how much and with what, or the values that are too close."""
    first = row.result.leader if row.result is not None else row.winner
    if first is None:
        return "-"
    values = {lane.label: _value(lane) for lane in row.lanes if lane.value is not None}
    if row.result is None:
        return f"{first} wins: {values[first]}" if first in values else f"{first} wins"
    if row.result.tied:
        tied = [values[label] for label in row.result.tied if label in values]
        close = " vs ".join((*tied[:SHOWN], *("...",) * (len(tied) > SHOWN)))
        return f"{row.result.headline}: {close}"
    # The headline of a run of one lane is its value.
    alone = len(row.lanes) == 1
    parts = (row.result.headline, row.result.margin, None if alone else values.get(first))
    return ", ".join(part for part in parts if part)


def _value(lane: RowLane) -> str:
    return quantity(lane.value, lane.unit or "")
