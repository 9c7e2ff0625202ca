"""`benchrace models list`: the models of each machine, and what it lacks."""

from collections.abc import Iterable, Iterator

import click
from rich.console import Console
from rich.text import Text

from benchrace.api.machines import MachineAnswer
from benchrace.cli import options
from benchrace.cli.models.connection import fleet_of, machines_option, shared_options
from benchrace.cli.models.pull_plan import select
from benchrace.cli.models.wait_engines import wait_for_engines
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.output.table import table
from benchrace.formatting import file_size, memory_size


@click.command("list")
@machines_option
@shared_options
def list_models(
    machines: tuple[str, ...],
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """List each machine's models, and the required ones that it lacks."""
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        listed = select(wait_for_engines(client, shown), machines)
        shown.end()
    if as_json:
        options.print_json({"machines": [_document(machine) for machine in listed]})
        return
    _print(screen, listed)


def _document(machine: MachineAnswer) -> dict[str, object]:
    return {
        "machine_id": machine.machine_id,
        "state": machine.state,
        "missing": machine.missing,
        "backends": [
            {"name": backend.name, "reachable": backend.reachable, "models": backend.models}
            for backend in machine.backends
        ],
    }


def _print(screen: Console, machines: tuple[MachineAnswer, ...]) -> None:
    rows = list(_rows(machines))
    if rows:
        titles = ("machine", "backend", "model", "size", "quantisation", "in memory")
        screen.print(table(titles, rows))
    else:
        screen.print("No reachable engine has a model.")
    for machine in machines:
        if machine.missing is not None and machine.missing.required:
            lacks = ", ".join(machine.missing.required)
            text = f"{machine.machine_id} lacks {lacks}; pull with: benchrace models pull"
            screen.print(Text(clean_line(text), style="yellow"), soft_wrap=True)


def _rows(machines: Iterable[MachineAnswer]) -> Iterator[tuple[str, ...]]:
    for machine in machines:
        for backend in machine.backends:
            for model in backend.models:
                loaded = "" if model.loaded is None else memory_size(model.loaded.total)
                row = (machine.machine_id, backend.name, model.name, file_size(model.size))
                yield (*row, model.quantization or "-", loaded)
