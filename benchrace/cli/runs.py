"""`benchrace runs`: what was measured, kept for good."""

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.cli import follow, options
from benchrace.cli.archive import archive, find, rebuild
from benchrace.cli.text import clean_line
from benchrace.export import FORMATS, render
from benchrace.store.reindex import Progress
from benchrace.store.row import RunRow

_shared = options.all_of(options.central_url, options.token, options.data_dir)


@click.group()
def runs() -> None:
    """List, show, export and delete stored runs.

    They are read from the data folder, or from the central at --central.
    """


@runs.command("list")
@click.option("--limit", "-n", default=20, show_default=True, help="How many, newest first.")
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
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("run", "when", "kind", "state", "lanes", "name"):
        table.add_column(title)
    for row in rows:
        table.add_row(*(Text(clean_line(each)) for each in _cells(row)))
    Console(highlight=False).print(table)


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
        follow.report(Console(highlight=False), run, where)


@runs.command()
@click.argument("run_id")
@click.option(
    "--format", "name", type=click.Choice(list(FORMATS)), default="json", show_default=True
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
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
    with archive(central, token, options.path(data_dir)) as kept:
        data = render(name, kept.document(find(kept, run_id)))
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        output.write_bytes(data)
        click.echo(f"{output}: {len(data)} bytes", err=True)


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


def _cells(row: RunRow) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.created_at))
    lanes = ", ".join(each.label for each in row.lanes)
    return (row.run_id, when, row.kind, row.state.value, lanes, row.name or "")
