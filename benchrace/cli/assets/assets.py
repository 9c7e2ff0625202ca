"""`benchrace assets`: files for engines, such as checkpoints, on central and on machines."""

import click

from benchrace.cli.lazy_group import Lazy, LazyGroup

COMMANDS = {
    "list": Lazy("assets.list", "list_assets", "List the files that central has."),
    "add": Lazy("assets.add", "add", "Upload files to central."),
    "remove": Lazy("assets.remove", "remove", "Delete files from central."),
    "fetch": Lazy("assets.fetch", "fetch", "Fetch files onto machines."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def assets() -> None:
    """Keep files for engines on central, and bring them onto machines.

    `benchrace agent assets` manages what this machine has fetched.
    """
