"""Options and connection shared by the `models` commands."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from benchrace.api.models import PolicyAnswer
from benchrace.cli import options
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.fleet import connect, wait_for_link
from benchrace.cli.output.interrupt import interruptible
from benchrace.cli.output.screen import Phases, phases
from benchrace.cli.service.settings import configured_central
from benchrace.config.model_policy import Group

POLICY = "/api/settings/model_policy"
shared_options = options.all_of(
    options.as_json, options.central_url, options.people_token, options.data_dir
)
machines_option = click.option(
    "--machine", "machines", multiple=True, metavar="ID", help="Only this machine; may be repeated."
)


@contextmanager
def fleet_of(
    screen: Console,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    *,
    linked: bool = False,
) -> Iterator[tuple[Client, Phases]]:
    """Connect to the fleet, and show the current phase.

    With `linked`, the machine of a temporary central is waited for.
    """
    data = options.path(data_dir)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(central or configured_central(), token, data, shown) as fleet,
    ):
        if linked and fleet.ours:
            wait_for_link(fleet.client, shown)
        yield fleet.client, shown


def required_models(client: Client) -> Group:
    """GET the models that the machines must have."""
    return client.convert(client.get(POLICY), PolicyAnswer).required
