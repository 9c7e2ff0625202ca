"""What an installed service runs, as whom, and where its files are. Pure, but for the paths."""

import sys
from pathlib import Path

import msgspec

from benchrace.errors import FieldError, InvalidInput

SYSTEM_DATA, SYSTEM_CONFIG = Path("/var/lib/benchrace"), Path("/etc/benchrace")
SYSTEM_USER = "benchrace"
AGENT, CENTRAL = "agent", "central"


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One component to run as a service.

    `arguments` come after `benchrace`; no secret is among them. `system` services start at boot
    and run as `user`; others belong to the person who installs them. `groups` own this machine's
    GPUs. `machine_id` is null for a central.
    """

    component: str
    arguments: tuple[str, ...]
    data: Path
    config: Path
    log: Path
    machine_id: str | None = None
    system: bool = False
    user: str | None = None
    groups: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """Return the whole command line; -P keeps the folder it starts in off the import path."""
        return (sys.executable, "-P", "-m", "benchrace.cli", *self.arguments)

    @property
    def title(self) -> str:
        return f"benchrace {self.component}"


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A service that is installed: its supervisor, name and file, and what it serves."""

    supervisor: str
    name: str
    path: Path
    system: bool
    data: Path
    machine_id: str | None

    @property
    def scope(self) -> str:
        """Return the option that names it in a command, with a space before it, or nothing."""
        return " --system" if self.system else ""

    @property
    def words(self) -> str:
        """Name it in a sentence."""
        return f"{self.supervisor} {'system' if self.system else 'user'} service {self.name}"


def check_text(what: str, text: str) -> str:
    """Return a text that fits on a line of a unit; raises InvalidInput for control characters."""
    if text.isprintable():
        return text
    raise InvalidInput(FieldError(what, f"invalid {what} {text!r}: control characters"))
