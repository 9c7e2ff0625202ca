"""What `start`, `stop`, `status` and `logs` do where the component is an installed service."""

from typing import Any

import msgspec

from benchrace.cli.service.install.install import stored_token, token_file
from benchrace.cli.service.install.supervisor import (
    installed,
    installed_elsewhere,
    installed_for,
    this_machine,
)
from benchrace.cli.service.install.unit import Installed
from benchrace.cli.service.service import Service, Status, agent_service
from benchrace.config.paths import config_dir
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

# Options that say which service is meant.
_WHICH = frozenset({"data_dir", "config_dir", "machine_id"})


def find(service: Service) -> Installed | None:
    """Return the installed service that serves this data folder and machine."""
    return installed_for(service.component, service.data, service.machine_id)


def of_folder(service: Service) -> Service:
    """Return the installed service of the same data folder, whatever its machine ID, if any."""
    if find(service) is not None:
        return service
    for system in (False, True):
        own = installed(service.component, system=system)
        if own is not None and own.data == service.data and own.machine_id is not None:
            return agent_service(own.data, own.machine_id)
    return service


def elsewhere(service: Service) -> Installed | None:
    """Return an installed service of the same component that serves another data folder."""
    return installed_elsewhere(service.component, service.data)


def start(service: Service, own: Installed, chosen: dict[str, Any]) -> Status:
    """Start it by its supervisor; raises InvalidInput for options that its unit holds."""
    which = _WHICH | ({"token"} if _has_token(service, chosen) else set())
    if changes := [name for name, value in chosen.items() if value and name not in which]:
        option = f"--{changes[0].replace('_', '-')}"
        if changes[0] == "token":
            option = "--token (or BENCHRACE_TOKEN)"
        command = f"`benchrace {service.component} service install`"
        raise InvalidInput(
            FieldError(
                changes[0],
                f"{option} cannot change here: {own.words} keeps the options; use {command}",
            )
        )
    if service.running() is None:
        this_machine().start(own)
        if service.wait_for_record() is None:
            raise BenchraceError(
                Category.SYSTEM,
                f"{own.words} did not start",
                f"See its log: `benchrace {service.component} logs`.",
            )
    return with_service(service.status(), own)


def _has_token(service: Service, chosen: dict[str, Any]) -> bool:
    """Check whether the chosen token is the one that the service has already."""
    config = config_dir(chosen.get("config_dir"))
    return chosen.get("token") == stored_token(token_file(config, service.component))


def stop(service: Service, own: Installed) -> bool:
    """Stop it by its supervisor, also between two tries; return false where nothing ran."""
    ran = service.running() is not None
    this_machine().stop(own)
    return ran


def stop_running(service: Service) -> bool:
    """Stop it, by its supervisor where it is installed; return false where nothing ran."""
    own = find(service)
    return service.stop() if own is None else stop(service, own)


def with_service(status: Status, own: Installed | None) -> Status:
    """Return the status with the installed service in it."""
    if own is None:
        return status
    return msgspec.structs.replace(status, info={**status.info, "service": own.words})


def log_command(own: Installed, lines: int, *, follow: bool) -> list[str] | None:
    """Return the program that prints its log; None where the log is a file of its own."""
    return this_machine().log_command(own, lines, follow=follow)
