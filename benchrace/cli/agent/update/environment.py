"""The environment that is updated: where its wheels are kept, and whether it may be changed."""

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from benchrace.cli.service.service import Service, central_service
from benchrace.errors import BenchraceError, Category
from benchrace.store.journal import is_held

_FOLDER = "benchrace-updates"


def store() -> Path:
    """Return the folder for the lock and the earlier version's wheels.

    It is part of the environment, because only those who may change what runs may change what is
    installed on the way back: a data folder can belong to a user with fewer rights.
    """
    # Not below the user's base, where environments can be as well, such as those of pipx.
    by_user = Path(__file__).is_relative_to(site.getusersitepackages())
    return Path(site.getuserbase() if by_user else sys.prefix) / _FOLDER


def check_changeable(folders: Iterable[Path], marker: Path | None = None) -> None:
    """Raise `system` where an installer would refuse to change the environment, or could not.

    `folders` hold its libraries; `marker` is the file of PEP 668, by default that of this Python.
    """
    if marker is None and sys.prefix == sys.base_prefix:
        marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if marker is not None and marker.exists():
        raise BenchraceError(
            Category.SYSTEM,
            f"the environment of {sys.executable} is managed by the system: {marker}",
            "Update benchrace as it was installed, or install it into a virtual environment.",
        )
    for folder in folders:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise BenchraceError(
                Category.SYSTEM,
                f"{folder} cannot be changed by this user",
                "Run the command as the owner of the environment.",
            )


def check_unused(service: Service) -> None:
    """Raise `busy` where another service of the data folder runs, perhaps from this environment."""
    central = central_service(service.data)
    agents = sorted(service.lock.parent.glob("*.lock"))
    held = [lock for lock in (central.lock, *agents) if lock != service.lock and is_held(lock)]
    if held:
        lock = held[0]
        own = f"--data-dir {service.data}"
        what, command = f"the agent {lock.stem}", f"agent stop {own} --machine-id {lock.stem}"
        if lock == central.lock:
            what, command = "central", f"central stop {own}"
        raise BenchraceError(
            Category.BUSY,
            f"{what} is running, and may use the environment that would be changed",
            f"Stop it first, and start it after the update: `benchrace {command}`.",
        )
