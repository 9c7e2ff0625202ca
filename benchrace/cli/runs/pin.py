"""`benchrace runs pin` and `benchrace runs unpin`."""

import click

from benchrace.cli import options
from benchrace.cli.runs.archive import archive, find

_shared = options.all_of(click.argument("run_ids", nargs=-1, required=True), options.archive)


@click.command()
@_shared
def pin(
    run_ids: tuple[str, ...], central: str | None, token: str | None, data_dir: str | None
) -> None:
    """Pin runs, so that retention limits do not delete them."""
    _change(run_ids, central, token, data_dir, pinned=True)


@click.command()
@_shared
def unpin(
    run_ids: tuple[str, ...], central: str | None, token: str | None, data_dir: str | None
) -> None:
    """Unpin runs: retention limits apply to them again."""
    _change(run_ids, central, token, data_dir, pinned=False)


def _change(
    run_ids: tuple[str, ...],
    central: str | None,
    token: str | None,
    data_dir: str | None,
    *,
    pinned: bool,
) -> None:
    with archive(central, token, options.path(data_dir)) as stored:
        for run_id in [find(stored, run_id) for run_id in run_ids]:
            stored.pin(run_id, pinned=pinned)
            click.echo(f"{'pinned' if pinned else 'unpinned'} {run_id}")
