"""`benchrace runs delete`, `derive` and `reindex`."""

import sys

import click

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.runs.archive import archive, find
from benchrace.cli.runs.archive_folder import rebuild
from benchrace.config.paths import runs_dir
from benchrace.store.reindex import Progress
from benchrace.store.run_folder import RunFolder


@click.command()
@click.argument("run_ids", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@options.archive
def delete(
    run_ids: tuple[str, ...],
    yes: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Permanently delete runs and their events."""
    with archive(central, token, options.path(data_dir)) as stored:
        chosen = [find(stored, run_id) for run_id in run_ids]
        if not yes:
            click.confirm(f"Delete {', '.join(chosen)} permanently?", abort=True)
        for run_id in chosen:
            stored.delete(run_id)
            click.echo(f"deleted {run_id}")


@click.command()
@click.argument("run_id")
@options.as_json
@options.data_dir
def derive(run_id: str, as_json: bool, data_dir: str | None) -> None:
    """Recompute a run's numbers from its raw records with the installed plugins.

    The result goes to derived.json in the run's folder; log and summary stay unchanged.
    """
    import anyio

    from benchrace.cli.runs.rederive import derive as again
    from benchrace.cli.runs.rederive_report import render

    data = options.path(data_dir)
    with archive(None, None, data) as stored:
        chosen = find(stored, run_id)
    derivation = anyio.run(again, RunFolder.open(runs_dir(data), chosen), data)
    if as_json:
        options.print_json(derivation)
        return
    for line in render(derivation):
        click.echo(clean_line(line))


@click.command()
@options.data_dir
def reindex(data_dir: str | None) -> None:
    """Rebuild the index of runs from their folders; events are never changed."""

    def progress(now: Progress) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{now.done} of {now.total} runs", nl=False, err=True)

    done = rebuild(options.path(data_dir), progress)
    click.echo(f"{done.done - len(done.skipped)} runs indexed")
    for problem in done.skipped:
        click.echo(f"skipped: {clean_line(problem)}", err=True)
    if done.skipped:
        sys.exit(1)
