"""`benchrace runs`: stored runs."""

import click

from benchrace.cli.lazy_group import Lazy, LazyGroup

COMMANDS = {
    "list": Lazy("runs.list", "list_runs", "List stored runs, newest first."),
    "show": Lazy("runs.show", "show", "Show a stored run's table."),
    "export": Lazy("runs.export", "export", "Export a run for people or programs."),
    "delete": Lazy("runs.manage", "delete", "Permanently delete runs and their events."),
    "pin": Lazy("runs.pin", "pin", "Pin runs, so that retention limits do not delete them."),
    "unpin": Lazy("runs.pin", "unpin", "Unpin runs: retention limits apply to them again."),
    "prune": Lazy("runs.prune", "prune", "Delete finished runs that are over the limits."),
    "derive": Lazy("runs.manage", "derive", "Recompute a run's numbers from its raw records."),
    "reindex": Lazy("runs.manage", "reindex", "Rebuild the index of runs from their folders."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def runs() -> None:
    """List, show, export and delete stored runs.

    Runs are read from the data folder, or from the central given with --central.
    """
