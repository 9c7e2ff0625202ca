"""`benchrace machines list`: each machine's condition, and the reason for it."""

import click
from rich.console import Console
from rich.text import Text

from benchrace.api.machines import MachineAnswer, MachineList
from benchrace.cli import options
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.output.table import table
from benchrace.formatting import duration


@click.command("list")
@shared_options
def list_machines(
    as_json: bool, central: str | None, token: str | None, data_dir: str | None
) -> None:
    """List the machines: ready, busy, degraded or offline, and why."""
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir, linked=True) as (client, shown):
        fleet = client.fleet()
        shown.end()
    if as_json:
        options.print_json(fleet)
        return
    _print(screen, fleet)


def _print(screen: Console, fleet: MachineList) -> None:
    if not fleet.machines:
        screen.print("No machines yet. Start an agent: benchrace agent start --central URL")
    else:
        titles = ("machine", "condition", "clock", "version", "address", "reason")
        screen.print(table(titles, map(_cells, fleet.machines), unbroken="machine"))
    for machine in fleet.machines:
        for problem in machine.problems:
            text = f"{machine.machine_id}: {problem.message}. {problem.remedy}"
            screen.print(Text(clean_line(text), style="yellow"), soft_wrap=True)
    for agent in fleet.nearby:
        text = f"nearby, without a central: {agent.machine_id} at {agent.url}"
        screen.print(Text(clean_line(text), style="dim"), soft_wrap=True)


def _cells(machine: MachineAnswer) -> tuple[str, ...]:
    unsure_ns = machine.uncertainty_ns
    return (
        machine.machine_id,
        f"{machine.condition}{', excluded' if machine.excluded else ''}",
        "-" if unsure_ns is None else f"±{duration(unsure_ns)}",
        machine.version or "-",
        machine.address or "-",
        machine.reason or "",
    )
