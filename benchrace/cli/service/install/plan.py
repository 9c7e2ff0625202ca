"""From the options of `install` to the unit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchrace.cli import options
from benchrace.cli.service.install import account
from benchrace.cli.service.install.install import token_file
from benchrace.cli.service.install.unit import (
    AGENT,
    SYSTEM_CONFIG,
    SYSTEM_DATA,
    SYSTEM_USER,
    Unit,
)
from benchrace.cli.service.service import agent_service, central_service
from benchrace.config.paths import config_dir
from benchrace.errors import FieldError, InvalidInput


def with_folders(chosen: dict[str, Any], *, system: bool) -> dict[str, Any]:
    """Return the options with the folders that the service uses, whoever installs it."""
    data, config = chosen["data_dir"], chosen["config_dir"]
    if system:
        data, config = data or str(SYSTEM_DATA), config or str(SYSTEM_CONFIG)
    return chosen | {"data_dir": str(options.path(data)), "config_dir": str(config_dir(config))}


def unit(
    component: str,
    chosen: dict[str, Any],
    data: Path,
    machine_id: str | None,
    *,
    system: bool,
    user: str | None,
) -> Unit:
    """Return the unit; raises InvalidInput for a user without `--system`."""
    if user is not None and not system:
        raise InvalidInput(FieldError("user", "--user is for a system service: add --system"))
    config = Path(chosen["config_dir"])
    arguments = options.to_arguments(
        chosen if machine_id is None else chosen | {"machine_id": machine_id}
    )
    file = token_file(config, component)
    if chosen["token"] is not None or file.exists():
        arguments += ["--token-file", str(file)]
    agent = component == AGENT
    service = agent_service(data, machine_id or "") if agent else central_service(data)
    return Unit(
        component=component,
        arguments=(component, *arguments),
        data=data,
        config=config,
        log=service.log,
        machine_id=machine_id,
        system=system,
        user=(user or SYSTEM_USER) if system else None,
        groups=account.gpu_groups() if agent and system else (),
    )


def next_steps(unit: Unit, *, started: bool) -> Iterator[str]:
    """Yield what a person does next."""
    scope = " --system" if unit.system else ""
    yield f"  status: benchrace {unit.component} service status{scope}"
    if not started:
        yield f"  it was not started; start it with: benchrace {unit.component} start"
    if not unit.system:
        yield "  it runs while you are logged in; on Linux, `loginctl enable-linger` changes that"
