"""systemd and launchd: where they keep units, and the calls that load, start and stop one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchrace.cli.service.install import launchd, systemd
from benchrace.cli.service.install.unit import Installed, Unit
from benchrace.errors import BenchraceError, Category

_CALL_S = 60.0
_BOOTED = Path("/run/systemd/system")
# What launchctl exits with where a job is not loaded.
_NOT_LOADED = frozenset({3, 113})


class Supervisor(Protocol):
    """What starts services on this machine; every call blocks.

    Calls raise `system` with what the supervisor printed.
    """

    name: str

    def file(self, component: str, *, system: bool) -> Path: ...
    def render(self, unit: Unit) -> bytes: ...
    def served(self, data: bytes) -> tuple[Path, str | None] | None: ...
    def unit_name(self, component: str) -> str: ...
    def check(self, *, system: bool) -> None: ...
    def load(self, service: Installed, *, start: bool) -> None: ...
    def start(self, service: Installed) -> None: ...
    def stop(self, service: Installed) -> None: ...
    def unload(self, service: Installed) -> None: ...
    def forget(self, service: Installed) -> None: ...
    def state(self, service: Installed) -> str: ...
    def log_command(self, service: Installed, lines: int, *, follow: bool) -> list[str] | None: ...


class Systemd:
    """systemd, by `systemctl`."""

    name = "systemd"

    def file(self, component: str, *, system: bool) -> Path:
        if system:
            return systemd.SYSTEM_UNITS / systemd.name(component)
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(home) / systemd.USER_UNITS / systemd.name(component)

    def render(self, unit: Unit) -> bytes:
        return systemd.unit_file(unit).encode()

    def served(self, data: bytes) -> tuple[Path, str | None] | None:
        return systemd.served(data.decode("utf-8", "replace"))

    def unit_name(self, component: str) -> str:
        return systemd.name(component)

    def check(self, *, system: bool) -> None:
        """Raise `system` where systemd, or the user's part of it, cannot be reached.

        It does not run most containers, and `su` and `sudo` have no session of their user.
        """
        if not _BOOTED.is_dir() or shutil.which("systemctl") is None:
            raise BenchraceError(
                Category.SYSTEM,
                "systemd does not run on this machine",
                "Print the unit with --dry-run, or start the service in the background: "
                "`benchrace agent start`, `benchrace central start`.",
            )
        if not system:
            call(["systemctl", "--user", "show-environment"])

    def load(self, service: Installed, *, start: bool) -> None:
        """Read the unit again, enable it, and start it or start it again."""
        self._call(service, "daemon-reload")
        self._call(service, "enable", service.name)
        if start:
            self._call(service, "restart", service.name)

    def start(self, service: Installed) -> None:
        # A service that failed too often refuses to start until its count is reset.
        self._call(service, "reset-failed", service.name, check=False)
        self._call(service, "start", service.name)

    def stop(self, service: Installed) -> None:
        self._call(service, "stop", service.name)

    def unload(self, service: Installed) -> None:
        """Stop and disable it; its file is still there."""
        self._call(service, "disable", "--now", service.name)

    def forget(self, service: Installed) -> None:
        """Read all units again, now that its file is gone."""
        self._call(service, "daemon-reload")

    def state(self, service: Installed) -> str:
        """Return what systemd calls its state: `active`, `failed`, ..."""
        return self._call(service, "is-active", service.name, check=False).strip() or "unknown"

    def log_command(self, service: Installed, lines: int, *, follow: bool) -> list[str] | None:
        scope = () if service.system else ("--user",)
        words = ["journalctl", *scope, "--unit", service.name, "--no-pager", "--output=cat"]
        return [*words, "--lines", str(lines), *(("--follow",) if follow else ())]

    def _call(self, service: Installed, *words: str, check: bool = True) -> str:
        scope = () if service.system else ("--user",)
        return call(["systemctl", *scope, *words], good=None if not check else frozenset({0}))


class Launchd:
    """launchd, by `launchctl`."""

    name = "launchd"

    def file(self, component: str, *, system: bool) -> Path:
        folder = launchd.SYSTEM_LISTS if system else Path.home() / launchd.USER_LISTS
        return folder / f"{launchd.label(component)}.plist"

    def render(self, unit: Unit) -> bytes:
        return launchd.property_list(unit)

    def served(self, data: bytes) -> tuple[Path, str | None] | None:
        return launchd.served(data)

    def unit_name(self, component: str) -> str:
        return launchd.label(component)

    def check(self, *, system: bool) -> None:
        """Raise `system` where launchd does not run this machine."""
        if shutil.which("launchctl") is None:
            raise BenchraceError(
                Category.SYSTEM,
                "launchd does not run on this machine",
                "Print the property list with --dry-run.",
            )

    def load(self, service: Installed, *, start: bool) -> None:
        """Load the list anew, which starts it, as its `RunAtLoad` says."""
        self.stop(service)
        call(["launchctl", "enable", self._target(service)])
        if start:
            self.start(service)

    def start(self, service: Installed) -> None:
        domain = self._domain(service)
        if self.state(service) == "not loaded":
            call(["launchctl", "bootstrap", domain, str(service.path)])
        call(["launchctl", "kickstart", self._target(service)])

    def stop(self, service: Installed) -> None:
        call(["launchctl", "bootout", self._target(service)], good=_NOT_LOADED | {0})

    def unload(self, service: Installed) -> None:
        self.stop(service)

    def forget(self, service: Installed) -> None:
        """Do nothing: a job that is not loaded is forgotten."""

    def state(self, service: Installed) -> str:
        """Return what launchd calls its state: `running`, `not running`, ..."""
        text = call(["launchctl", "print", self._target(service)], good=None)
        states = [line.partition("=")[2] for line in text.splitlines() if "\tstate = " in line]
        return states[0].strip() if states else "not loaded"

    def log_command(self, service: Installed, lines: int, *, follow: bool) -> list[str] | None:
        """Return None: its output is in the service's own log."""
        return None

    def _domain(self, service: Installed) -> str:
        return "system" if service.system else f"gui/{os.getuid()}"

    def _target(self, service: Installed) -> str:
        return f"{self._domain(service)}/{service.name}"


def this_machine() -> Supervisor:
    """Return what supervises services on this machine."""
    return Launchd() if sys.platform == "darwin" else Systemd()


def installed(component: str, *, system: bool) -> Installed | None:
    """Return a component's installed service; None where there is none, or not of benchrace."""
    supervisor = this_machine()
    path = supervisor.file(component, system=system)
    try:
        served = supervisor.served(path.read_bytes())
    except OSError:
        return None
    if served is None:
        return None
    return Installed(
        supervisor=supervisor.name,
        name=supervisor.unit_name(component),
        path=path,
        system=system,
        data=served[0],
        machine_id=served[1],
    )


def installed_elsewhere(component: str, data: Path) -> Installed | None:
    """Return an installed service of another data folder: the user's, or the system's."""
    both = (installed(component, system=system) for system in (False, True))
    return next((service for service in both if service and service.data != data), None)


def installed_for(component: str, data: Path, machine_id: str | None) -> Installed | None:
    """Return the installed service of a data folder and a machine, of the user or the system."""
    for system in (False, True):
        service = installed(component, system=system)
        if service and (service.data, service.machine_id) == (data, machine_id):
            return service
    return None


def call(words: Sequence[str], *, good: frozenset[int] | None = frozenset({0})) -> str:
    """Return what a program prints; raises `system` for an exit status that is not `good`."""
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=_CALL_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or f"no answer within {_CALL_S:g} s"
        raise BenchraceError(
            Category.SYSTEM, f"cannot run `{' '.join(words)}`: {why}", "Check that it is installed."
        ) from error
    if good is not None and done.returncode not in good:
        text = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise BenchraceError(
            Category.SYSTEM,
            f"`{' '.join(words)}` failed (exit {done.returncode}): {text}",
            "A user service needs a login session: log in as that user, not with su or sudo. A "
            "system service needs root: use sudo and --system.",
        )
    return done.stdout.decode("utf-8", "replace")
