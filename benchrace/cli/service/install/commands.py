"""`benchrace agent service` and `benchrace central service`: install, status, uninstall."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.service.service import Service

if TYPE_CHECKING:
    from benchrace.cli.central.tokens import NewTokens

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_system = click.option(
    "--system", is_flag=True, help="Use a system service, which starts at boot (requires root)."
)
_showing = options.all_of(_system, options.as_json)


_SUMMARIES = {
    "install": "Install and start the service.",
    "status": "Show the state of the service.",
    "uninstall": "Stop and remove the service.",
}


class Component(NamedTuple):
    """What can be installed: `agent` or `central`.

    `settle` returns the data folder and the machine that options choose, and raises for invalid
    ones. `new_tokens` generates tokens that are shown here, and would else be written to a log.
    """

    name: str
    settle: Callable[[dict[str, Any]], tuple[Path, str | None]]
    find: Callable[[Path, str], Service]
    new_tokens: Callable[[dict[str, Any]], "AbstractContextManager[NewTokens]"] | None = None


def add_service_group(group: click.Group, shared: Decorator, component: Component) -> None:
    """Add `service` to a component's group; `shared` are the options that it is served with."""
    name = f"the {component.name}" if component.name == "agent" else component.name
    texts = {
        "install": f"Install {name} as a service and start it; its unit keeps the options.\n\n"
        "The token is kept in a private file of the configuration folder, never in the unit. "
        "Installing again changes only what differs.",
        "status": f"Show whether {name} is installed as a service, and its state; exit 1 if not.",
        "uninstall": "Stop and remove the service; data, configuration and token are kept.",
    }
    commands: dict[str, Callable[..., Any]] = {
        "install": _installing(shared)(partial(_install, component)),
        "status": _showing(partial(_status, component.name)),
        "uninstall": _showing(partial(_uninstall, component.name)),
    }
    service = click.Group("service", help=f"Run {name} as a service of systemd or launchd.")
    for verb, work in commands.items():
        command = click.command(verb, help=texts[verb], short_help=_SUMMARIES[verb])
        service.add_command(command(work))
    group.add_command(service)


def _installing(shared: Decorator) -> Decorator:
    return options.all_of(
        shared,
        _system,
        click.option(
            "--user", metavar="NAME", help="User of a system service [default: benchrace]."
        ),
        click.option("--no-start", is_flag=True, help="Install the service without starting it."),
        click.option("--dry-run", is_flag=True, help="Print the unit and change nothing."),
        options.as_json,
    )


def _install(
    component: Component,
    /,
    system: bool,
    user: str | None,
    no_start: bool,
    dry_run: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    from benchrace.cli.service.install import plan
    from benchrace.cli.service.install.install import install
    from benchrace.cli.service.install.supervisor import this_machine

    chosen = plan.with_folders(chosen, system=system)
    data, machine_id = component.settle(chosen)
    unit = plan.unit(component.name, chosen, data, machine_id, system=system, user=user)
    if dry_run:
        click.echo(this_machine().render(unit).decode(), nl=False)
        return
    with component.new_tokens(chosen) if component.new_tokens else nullcontext() as tokens:
        service = component.find(data, machine_id or "")
        change = install(unit, chosen["token"], service, start=not no_start)
        lines = tokens.lines(tokens.url) if tokens else ()
    if as_json:
        options.print_json(msgspec.to_builtins(change) | (tokens.new if tokens else {}))
        return
    click.echo(f"{change.service} {'installed' if change.changed else 'is up to date'}")
    click.echo(f"  unit: {change.path}")
    for line in (*lines, *plan.next_steps(unit, started=change.started)):
        click.echo(line)


def _status(component: str, /, system: bool, as_json: bool) -> None:
    from benchrace.cli.service.install.status import service_status
    from benchrace.cli.service.install.supervisor import installed

    shown = service_status(component, system=system)
    if as_json:
        options.print_json(shown)
    elif shown.installed:
        click.echo(f"{shown.service}: {shown.state}")
        click.echo(f"  unit: {shown.path}\n  data: {shown.data}")
    else:
        click.echo(f"{component} is not installed as a {'system' if system else 'user'} service")
        if other := installed(component, system=not system):
            click.echo(f"  {other.words} is: run this {'without' if system else 'with'} --system")
    if not shown.installed:
        sys.exit(1)


def _uninstall(component: str, /, system: bool, as_json: bool) -> None:
    from benchrace.cli.service.install.install import uninstall

    change = uninstall(component, system=system)
    if as_json:
        options.print_json(change)
    elif change.changed:
        click.echo(f"{change.service} removed; data, configuration and token were kept")
    else:
        click.echo(f"{component} is not installed as a service")
