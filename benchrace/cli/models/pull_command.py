"""`benchrace models pull`: models onto the machines."""

import re
import sys
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.connect.client import Client
from benchrace.cli.models.connection import (
    fleet_of,
    machines_option,
    required_models,
    shared_options,
)
from benchrace.cli.models.pull import Outcome, PullRunner
from benchrace.cli.models.pull_plan import Plan, PullRequest, plan
from benchrace.cli.models.pull_progress import bars
from benchrace.cli.models.wait_engines import wait_for_engines
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.errors import FieldError, InvalidInput

_LARGE = "8GB"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@machines_option
@click.option("--backend", metavar="NAME", help="Backend to pull with, if several can.")
@click.option("--skip-large", is_flag=True, help="Skip models larger than --large.")
@click.option(
    "--large",
    default=_LARGE,
    show_default=True,
    metavar="SIZE",
    help="Limit of --skip-large, such as 500M.",
)
@shared_options
def pull(
    skip_large: bool,
    large: str,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **chosen: Any,
) -> None:
    """Pull MODELs to the machines [default: what the policy requires and they lack].

    Exit 0 if every model is now present or was skipped for its size.
    """
    limit = _size(large)
    max_bytes = limit if skip_large else None
    wanted = PullRequest(**chosen, max_bytes=max_bytes)
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        fleet = wait_for_engines(client, shown)
        planned = plan(fleet, wanted, required_models(client))
        shown.end()
        outcome = _pulled(client, planned, screen, max_bytes)
    if as_json:
        options.print_json(outcome)
    sys.exit(0 if outcome.good else 1)


def _pulled(client: Client, planned: Plan, screen: Console, max_bytes: int | None) -> Outcome:
    for skipped in planned.skipped:
        text = f"{skipped.machine_id} {skipped.model}: not pulled: {skipped.why}"
        screen.print(Text(clean_line(text), style="red" if skipped.wrong else ""), soft_wrap=True)
    if not planned.pulls and not planned.skipped:
        screen.print("Nothing is missing.")
    with bars(screen) as watcher:
        outcome = PullRunner(client, planned.pulls, watcher, max_bytes).run()
    outcome.skipped = [*planned.skipped, *outcome.skipped]
    return outcome


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(FieldError("--large", f"invalid size {text[:40]!r} (e.g. 8GB)"))
    return int(float(match[1]) * _FACTORS[match[2].upper()])
