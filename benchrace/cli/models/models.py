"""`benchrace models`: which models the machines have, lack and must have, and pulling them."""

import click

from benchrace.cli.lazy_group import Lazy, LazyGroup

COMMANDS = {
    "list": Lazy("models.list", "list_models", "List each machine's models."),
    "pull": Lazy("models.pull_command", "pull", "Pull models to the machines."),
    "policy": Lazy("models.policy", "policy", "Show or replace the model policy."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def models() -> None:
    """List models on all machines, pull missing ones, and set which are required."""
