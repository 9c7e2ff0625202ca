"""Install and remove a service: its folders, its token, its unit."""

import os
import sys
from pathlib import Path

import msgspec

from benchrace import permissions
from benchrace.cli.service.install import account
from benchrace.cli.service.install.supervisor import installed, this_machine
from benchrace.cli.service.install.unit import AGENT, Installed, Unit
from benchrace.cli.service.service import Service
from benchrace.config.joined import joined_path
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `install` and `uninstall`; `changed` is false where nothing was to do."""

    component: str
    service: str
    path: str
    changed: bool
    started: bool = False


def token_file(config: Path, component: str) -> Path:
    """Return the private file of a service's token."""
    return config / f"{component}.token"


def install(unit: Unit, token: str | None, service: Service, *, start: bool) -> Change:
    """Write the unit and start it; one that is there as it should be is left alone.

    Raises `busy` for a service of another data folder, and where one runs in the background;
    `system` where the machine refuses.
    """
    supervisor = this_machine()
    before = check(unit.component, unit.data, system=unit.system)
    path = supervisor.file(unit.component, system=unit.system)
    content = supervisor.render(unit)
    after = Installed(
        supervisor=supervisor.name,
        name=supervisor.unit_name(unit.component),
        path=path,
        system=unit.system,
        data=unit.data,
        machine_id=unit.machine_id,
    )
    if before is None and (running := service.running()):
        raise BenchraceError(
            Category.BUSY,
            f"the {unit.component} already runs in the background (process {running.pid})",
            f"Stop it first: `benchrace {unit.component} stop`.",
        )
    renewed = lay_out(unit, token)
    same = before is not None and path.read_bytes() == content and not renewed
    if same:
        if start:
            supervisor.start(after)
    else:
        _write(path, content)
        supervisor.load(after, start=start)
    return Change(
        component=unit.component,
        service=after.words,
        path=str(path),
        changed=not same,
        started=start,
    )


def uninstall(component: str, *, system: bool) -> Change:
    """Stop the service and remove its unit; data, configuration and token stay."""
    supervisor = this_machine()
    path = supervisor.file(component, system=system)
    before = installed(component, system=system)
    if before is None:
        return Change(component=component, service="none", path=str(path), changed=False)
    supervisor.check(system=system)
    supervisor.unload(before)
    try:
        path.unlink()
    except OSError as error:
        raise atomic.failure(path, error) from error
    supervisor.forget(before)
    return Change(component=component, service=before.words, path=str(path), changed=True)


def check(component: str, data: Path, *, system: bool) -> Installed | None:
    """Return the service that is installed already, None where there is none.

    Raises `busy` for one of another data folder, and `system` where none can be installed here.
    """
    this_machine().check(system=system)
    if system:
        _check_root()
    before = installed(component, system=system)
    if before is not None and before.data != data:
        raise BenchraceError(
            Category.BUSY,
            f"{before.words} already serves {before.data}",
            f"Remove it first: `benchrace {component} service uninstall{before.scope}`.",
        )
    return before


def _check_root() -> None:
    if os.geteuid() != 0:
        raise BenchraceError(
            Category.SYSTEM, "a system service is installed by root", "Run this with sudo."
        )
    if (folder := account.unreadable(Path(sys.executable))) is not None:
        raise BenchraceError(
            Category.SYSTEM,
            f"the service's user cannot run {sys.executable}: {folder} is private",
            "Install benchrace where every user can read it, such as /opt/benchrace.",
        )


def lay_out(unit: Unit, token: str | None) -> bool:
    """Make the folders and the token's file, for the service's user where it has its own.

    That user is created where it is missing. Return whether the token is another one than before.
    """
    if unit.system:
        account.ensure_user(unit.user or "")
    file = token_file(unit.config, unit.component)
    folders = (unit.data, unit.config, unit.log.parent)
    ours = [path for path in (unit.config, unit.log.parent) if not path.exists()]
    try:
        for path in folders:
            permissions.make_folder(path)
        renewed = token is not None and stored_token(file) != token
        if token is not None and renewed:
            atomic.write(file, token.encode() + b"\n")
            ours.append(file)
        if unit.system and unit.user is not None:
            if unit.component == AGENT:
                ours.append(joined_path(unit.config))
            account.give(unit.user, unit.data, *ours)
            account.give_folder(unit.user, unit.data / "central")
    except OSError as error:
        raise atomic.failure(unit.data, error) from error
    return renewed


def stored_token(file: Path) -> str | None:
    """Return the token that a service reads from its file; None where it cannot be read."""
    try:
        return file.read_text().strip()
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.failure(path.parent, error) from error
    # A unit holds no secret, and launchd refuses one that it cannot read.
    atomic.write(path, content, mode=0o644)
