"""`benchrace machines`: the machines of a central, and their settings."""

import click

from benchrace.cli.lazy_group import Lazy, LazyGroup

COMMANDS = {
    "ceilings": Lazy("machines.ceilings", "ceilings", "Show the measured limits of a machine."),
    "list": Lazy("machines.list", "list_machines", "List the machines and their condition."),
    "settings": Lazy("machines.settings", "settings", "Show or change a machine's settings."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def machines() -> None:
    """List the machines of a central, show their ceilings, and show or change their settings."""
