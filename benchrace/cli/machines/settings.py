"""`benchrace machines settings`: what central wants of a machine, and what its agent uses."""

from collections.abc import Iterable
from urllib.parse import quote

import click
import msgspec
from rich.console import Console
from rich.text import Text

from benchrace import structs
from benchrace.api.machine.settings import (
    MachineSettingsAnswer,
    MachineSettingsChange,
    SettingDescription,
    descriptions,
)
from benchrace.cli import options
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.output.table import table
from benchrace.config.machine_settings import NAMES, MachineSettings
from benchrace.errors import FieldError, InvalidInput
from benchrace.formatting import file_size


@click.command()
@click.argument("machine_id", metavar="ID")
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@shared_options
def settings(
    machine_id: str,
    changes: tuple[str, ...],
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Show the settings of the machine ID, or change some of them.

    KEY= removes a setting: the machine then chooses the value. A key in the machine's
    agent.yaml overrides what is set here. New settings apply once no job is running.
    """
    new = parse(changes)
    path = f"/api/machines/{quote(machine_id, safe='')}/settings"
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir, linked=True) as (client, shown):
        current = client.convert(client.get(path), MachineSettingsAnswer)
        if new:
            wanted = msgspec.structs.replace(current.wanted, **new)
            change = MachineSettingsChange(version=current.version, settings=wanted)
            current = client.convert(client.put(path, change), MachineSettingsAnswer)
        shown.end()
    if as_json:
        options.print_json(current)
        return
    _print(screen, current)


def parse(changes: Iterable[str]) -> dict[str, object]:
    """Read `KEY=VALUE` arguments, null where the value is empty; raises InvalidInput."""
    new: dict[str, object] = {}
    for text in changes:
        name, sign, value = text.partition("=")
        if not sign:
            raise InvalidInput(FieldError(name, "expected KEY=VALUE (e.g. keep_jobs=50)"))
        if name not in NAMES:
            message = f"unknown setting; known: {', '.join(NAMES)}"
            raise InvalidInput(FieldError(name, message))
        try:
            one = structs.convert({name: value or None}, MachineSettings, strict=False)
        except msgspec.ValidationError as error:
            message = f"invalid value {value[:80]!r}: expected {_expected(name)}"
            raise InvalidInput(FieldError(name, message)) from error
        new[name] = getattr(one, name)
    return new


def _expected(name: str) -> str:
    return next(_range(setting) for setting in descriptions() if setting.name == name)


def _print(screen: Console, current: MachineSettingsAnswer) -> None:
    titles = ("setting", "in use", "from", "central wants", "range")
    rows = (_cells(current, description) for description in current.descriptions)
    screen.print(table(titles, rows, unbroken="setting"))
    for line in _notes(current):
        screen.print(Text(clean_line(line), style="yellow"), soft_wrap=True)


def _cells(current: MachineSettingsAnswer, description: SettingDescription) -> tuple[str, ...]:
    name = description.name
    used = None if current.agent is None else current.agent.used.get(name)
    return (
        name,
        "?" if used is None else _text(used.value),
        "" if used is None else used.source,
        _text(getattr(current.wanted, name, None)),
        _range(description),
    )


def _notes(current: MachineSettingsAnswer) -> Iterable[str]:
    agent = current.agent
    if agent is None:
        yield f"What the agent uses is not known: {current.reason}."
        return
    for folder in agent.folders:
        what = folder.setting or "data folder"
        free = "" if folder.free_bytes is None else f", {file_size(folder.free_bytes)} free"
        yield f"{what} {folder.path}{free}{'' if folder.problem is None else f': {folder.problem}'}"
    for name, why in agent.ignored.items():
        yield f"{name} is ignored: {why}"
    if not current.applied:
        yield f"The newest settings are not applied yet: {agent.waiting or 'they are on the way'}."


def _text(value: object) -> str:
    return "-" if value is None else str(value) if isinstance(value, str) else f"{value:g}"


def _range(setting: SettingDescription) -> str:
    if setting.choices:
        return " | ".join(setting.choices)
    if setting.minimum is None or setting.maximum is None:
        return "absolute path"
    unit = f" {setting.unit}" if setting.unit else ""
    return f"{setting.minimum:g} to {setting.maximum:g}{unit}"
