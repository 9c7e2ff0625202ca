"""`benchrace runs prune`: delete the runs that are over the limits."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.runs.archive import archive
from benchrace.formatting import file_size

if TYPE_CHECKING:
    from benchrace.config.retention import RetentionLimits
    from benchrace.store.retention.pruning import Pruning


@click.command()
@click.option("--days", type=float, metavar="N", help="Delete runs that ended over N days ago.")
@click.option("--runs", type=int, metavar="N", help="Delete all but the newest N runs.")
@click.option("--gib", type=float, metavar="N", help="Delete the oldest runs beyond N GiB.")
@click.option("--dry-run", is_flag=True, help="List the runs without deleting them.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@options.as_json
@options.config_dir
@options.archive
def prune(
    dry_run: bool,
    yes: bool,
    as_json: bool,
    config_dir: str | None,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **limits: float | None,
) -> None:
    """Delete finished runs that are over the limits; pinned runs and baselines are kept.

    Without limits here, those of `retention` in central.yaml apply.
    """
    chosen = _limits(limits)
    with archive(central, token, options.path(data_dir)) as stored:
        done = stored.prune(chosen, config_dir, apply=False)
        if not as_json:
            _show(done)
        if done.expired and not dry_run:
            if not yes:
                question = f"Delete {len(done.expired)} runs permanently?"
                click.confirm(question, abort=True, err=True)
            done = stored.prune(chosen, config_dir, apply=True)
    if as_json:
        options.print_json(done)
    elif done.removed:
        click.echo(f"deleted {len(done.expired)} runs")
    for why in done.failed:
        click.echo(f"kept: {clean_line(why)}", err=True)
    if done.failed:
        sys.exit(1)


def _limits(limits: Mapping[str, float | None]) -> "RetentionLimits":
    from benchrace.api import decoding
    from benchrace.config.retention import RetentionLimits

    set_limits = {name: value for name, value in limits.items() if value is not None}
    return decoding.convert(set_limits, RetentionLimits)


def _show(planned: "Pruning") -> None:
    for run in planned.expired:
        click.echo(f"{run.run_id}  {file_size(run.size):>9}  {run.reason}")
    if not planned.expired:
        limits = msgspec.to_builtins(planned.limits)
        some = any(value is not None for value in limits.values())
        unset = "use --days, --runs or --gib, or `retention` in central.yaml"
        click.echo("No run is over the limits." if some else f"No limits are set: {unset}.")
