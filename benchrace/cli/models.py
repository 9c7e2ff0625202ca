"""`benchrace models`: which models the machines have, lack and must have, and pulling them."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.central.answers import MachineAnswer
from benchrace.central.routes_settings import PolicyAnswer
from benchrace.cli import options
from benchrace.cli.bars import bars
from benchrace.cli.client import Client
from benchrace.cli.configured import configured_central
from benchrace.cli.engines_asked import asked_engines
from benchrace.cli.fleet import connect
from benchrace.cli.interrupt import interruptible
from benchrace.cli.pulling import Outcome, Pulling
from benchrace.cli.pulls import Plan, Wanted, chosen, plan
from benchrace.cli.screen import Phases, console, phases
from benchrace.cli.text import bytes_of, clean_line
from benchrace.config.model_policy import Group, read_policy
from benchrace.errors import FieldError, InvalidInput

_POLICY = "/api/settings/model_policy"
_LARGE = "8GB"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_shared = options.all_of(
    options.as_json, options.central_url, options.people_token, options.data_dir
)
_machines = click.option(
    "--machine", "machines", multiple=True, metavar="ID", help="Only this machine; may be repeated."
)


@click.group()
def models() -> None:
    """List the models of all machines, pull what is missing, and say what must be there."""


@models.command("list")
@_machines
@_shared
def list_models(
    machines: tuple[str, ...],
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """List the models of each machine, and what it lacks of the policy."""
    screen = console(stderr=as_json)
    with _fleet(screen, central, token, data_dir) as (client, shown):
        found = chosen(asked_engines(client, shown), machines)
        shown.end()
    if as_json:
        options.print_json({"machines": [_document(each) for each in found]})
        return
    _print(screen, found)


@models.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@_machines
@click.option("--backend", metavar="NAME", help="The backend that pulls, where several can.")
@click.option("--skip-large", is_flag=True, help="Leave out models that are larger than --large.")
@click.option(
    "--large", default=_LARGE, show_default=True, metavar="SIZE", help="What counts as large: 500M."
)
@_shared
def pull(
    skip_large: bool,
    large: str,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **chosen: Any,
) -> None:
    """Pull models to the machines: those named, else what the policy requires and they lack.

    Exit 0 if all of it is there now or was left out for its size.
    """
    most = _size(large) if skip_large else None
    asked = Wanted(**chosen, most_bytes=most)
    screen = console(stderr=as_json)
    with _fleet(screen, central, token, data_dir) as (client, shown):
        fleet = asked_engines(client, shown)
        made = plan(fleet, asked, _required(client))
        shown.end()
        outcome = _pulled(client, made, screen, most)
    if as_json:
        options.print_json(outcome)
    sys.exit(0 if outcome.good else 1)


@models.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_shared
def policy(
    file: Path | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Show which models the machines must have and may have, or replace that by a YAML FILE."""
    if file is not None and not file.exists():
        raise InvalidInput(FieldError("FILE", f"there is no file {file}"))
    new = None if file is None else read_policy(file)
    screen = console(stderr=as_json)
    with _fleet(screen, central, token, data_dir) as (client, shown):
        answer = client.get(_POLICY) if new is None else client.post(_POLICY, new)
        shown.end()
    told = msgspec.convert(answer, PolicyAnswer)
    if as_json:
        options.print_json(told)
        return
    if not told.required.all() and not told.optional.all():
        screen.print("No model is required, and none is optional.")
    for title, group in (("required", told.required), ("optional", told.optional)):
        for kind in Group.__struct_fields__:
            for name in getattr(group, kind):
                screen.print(Text(clean_line(f"{title} {kind}: {name}")), soft_wrap=True)
    screen.print(Text(clean_line(told.path), style="dim"), soft_wrap=True)
    if told.backup is not None:
        screen.print(Text(clean_line(f"the old one: {told.backup}"), style="dim"), soft_wrap=True)


@contextmanager
def _fleet(
    screen: Console, central: str | None, token: str | None, data_dir: str | None
) -> Iterator[tuple[Client, Phases]]:
    data = options.path(data_dir)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(central or configured_central(), token, data, shown) as fleet,
    ):
        yield fleet.client, shown


def _required(client: Client) -> Group:
    return msgspec.convert(client.get(_POLICY), PolicyAnswer).required


def _pulled(client: Client, made: Plan, screen: Console, most: int | None) -> Outcome:
    for each in made.skipped:
        text = f"{each.machine_id} {each.model}: not pulled: {each.why}"
        screen.print(Text(clean_line(text), style="red" if each.wrong else ""), soft_wrap=True)
    if not made.pulls and not made.skipped:
        screen.print("Nothing is missing.")
    with bars(screen) as watcher:
        outcome = Pulling(client, made.pulls, watcher, most).run()
    outcome.skipped = [*made.skipped, *outcome.skipped]
    return outcome


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(FieldError("--large", f"{text[:40]!r} is no size like 8GB or 500M"))
    return int(float(found[1]) * _FACTORS[found[2].upper()])


def _document(machine: MachineAnswer) -> dict[str, object]:
    return {
        "machine_id": machine.machine_id,
        "state": machine.state,
        "missing": machine.missing,
        "backends": [
            {"name": each.name, "reachable": each.reachable, "models": each.models}
            for each in machine.backends
        ],
    }


def _print(screen: Console, machines: tuple[MachineAnswer, ...]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("machine", "backend", "model", "size", "quantization", "in memory"):
        table.add_column(title)
    for machine in machines:
        for backend in machine.backends:
            for model in backend.models:
                loaded = "" if model.loaded is None else bytes_of(model.loaded.total)
                row = (machine.machine_id, backend.name, model.name, bytes_of(model.size))
                cells = (*row, model.quantization or "-", loaded)
                table.add_row(*(Text(clean_line(each)) for each in cells))
    if table.row_count:
        screen.print(table)
    else:
        screen.print("No engine that answers has a model.")
    for machine in machines:
        if machine.missing is not None and machine.missing.required:
            lacks = ", ".join(machine.missing.required)
            text = f"{machine.machine_id} lacks {lacks}: benchrace models pull"
            screen.print(Text(clean_line(text), style="yellow"), soft_wrap=True)
