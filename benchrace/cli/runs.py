"""`benchrace runs`: what was measured, kept for good."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from benchrace.cli import follow, made, notes, options
from benchrace.cli.archive import archive, find, rebuild
from benchrace.cli.screen import console
from benchrace.cli.text import clean_line, quantity
from benchrace.config.places import runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.export import FORMATS, render
from benchrace.store.index import MOST
from benchrace.store.reindex import Progress
from benchrace.store.row import RunRow
from benchrace.store.run_folder import RunFolder

FILES = "files"
LONGEST_ID = len("2026-01-31_235959_abcdef")
_shared = options.all_of(options.central_url, options.people_token, options.data_dir)


@click.group()
def runs() -> None:
    """List, show, export and delete stored runs.

    They are read from the data folder, or from the central at --central.
    """


@runs.command("list")
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, MOST),
    default=20,
    show_default=True,
    metavar="N",
    help="How many, newest first.",
)
@click.option("--search", "-s", metavar="TEXT", help="Only runs whose name, tags or id have it.")
@options.as_json
@_shared
def list_runs(
    limit: int,
    search: str | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """List stored runs, newest first."""
    with archive(central, token, options.path(data_dir)) as kept:
        rows = kept.page(limit, search)
    if as_json:
        options.print_json({"runs": rows})
        return
    if not rows:
        click.echo("no runs yet; `benchrace race` makes a first one")
        return
    screen = console()
    screen.print(listing(rows, screen.width))


@runs.command()
@click.argument("run_id")
@options.as_json
@_shared
def show(
    run_id: str, as_json: bool, central: str | None, token: str | None, data_dir: str | None
) -> None:
    """Show a run's table again; its id may be shortened to what is unique."""
    with archive(central, token, options.path(data_dir)) as kept:
        run = kept.document(find(kept, run_id))
        where = kept.where(run.run_id)
    if as_json:
        options.print_json(run)
    else:
        screen = console()
        screen.print(Text(notes.heading(run), style="dim"), soft_wrap=True)
        follow.report(screen, run, where)


@runs.command()
@click.argument("run_id")
@click.option(
    "--format",
    "name",
    type=click.Choice([*FORMATS, FILES]),
    default="json",
    show_default=True,
    help="What to write; files: what its rounds made, into a folder.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to [default: standard output]; for files the folder.",
)
@_shared
def export(
    run_id: str,
    name: str,
    output: Path | None,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Write a run in a format for people or other programs."""
    if name == FILES and output is None:
        raise click.UsageError("--format files needs a folder: -o DIR")
    with archive(central, token, options.path(data_dir)) as kept:
        if name == FILES and output is not None:
            lacking = made.save(kept.files(find(kept, run_id)), output)
            sys.exit(1 if lacking else 0)
        data = render(name, kept.document(find(kept, run_id)))
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _write(output, data)
        click.echo(f"{output}: {len(data)} bytes", err=True)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        why = error.strerror or str(error)
        raise BenchraceError(Category.SYSTEM, f"{path}: {why}", "Name another file.") from error


@runs.command()
@click.argument("run_ids", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_shared
def delete(
    run_ids: tuple[str, ...],
    yes: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Delete runs with their events, for good."""
    with archive(central, token, options.path(data_dir)) as kept:
        found = [find(kept, each) for each in run_ids]
        if not yes:
            click.confirm(f"Delete {', '.join(found)} for good?", abort=True)
        for run_id in found:
            kept.delete(run_id)
            click.echo(f"deleted {run_id}")


@runs.command()
@click.argument("run_id")
@options.as_json
@options.data_dir
def derive(run_id: str, as_json: bool, data_dir: str | None) -> None:
    """Derive a run's numbers again from its raw records, by the plugins as they are now.

    They are kept beside the run, in derived.json; its log and its summary stay as they are.
    """
    import anyio

    from benchrace.cli.derived import told
    from benchrace.cli.deriving import derive as again

    data = options.path(data_dir)
    with archive(None, None, data) as kept:
        found = find(kept, run_id)
    made = anyio.run(again, RunFolder.open(runs_dir(data), found), data)
    if as_json:
        options.print_json(made)
        return
    for line in told(made):
        click.echo(clean_line(line))


@runs.command()
@options.data_dir
def reindex(data_dir: str | None) -> None:
    """Make the index of runs again from their folders; events are never touched."""

    def progress(now: Progress) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{now.done} of {now.total} runs", nl=False, err=True)

    done = rebuild(options.path(data_dir), progress)
    click.echo(f"{done.done - len(done.skipped)} runs indexed")
    for each in done.skipped:
        click.echo(f"left out: {clean_line(each)}", err=True)
    if done.skipped:
        sys.exit(1)


def listing(rows: Sequence[RunRow], width: int) -> Table:
    """Draw a line for each run; a run's id is always whole, and names give way first."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("run", "kind", "state", "lanes", "winner", "name"):
        whole = title in ("run", "state")
        table.add_column(
            title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if title == "lanes" else "left",
            min_width=LONGEST_ID if title == "run" else None,
            max_width=None if whole else max(6, width // 4),
        )
    for row in rows:
        table.add_row(*(Text(clean_line(each)) for each in _cells(row)))
    return table


def _cells(row: RunRow) -> tuple[str, ...]:
    """Give a run's cells; when it was is what its id begins with."""
    found = next((each for each in row.lanes if each.label == row.winner), None)
    won = row.winner or "-"
    if found is not None and found.unit and found.value is not None:
        won = f"{quantity(found.value, found.unit)}: {won}"
    return (row.run_id, row.kind, row.state.value, str(len(row.lanes)), won, row.name or "")
