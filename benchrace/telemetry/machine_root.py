"""Access to a machine's files and commands; tests substitute another machine."""

import os
import platform
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchrace.telemetry.gpu.nvml import LiveNvml, Nvml

# The largest real files are /proc/cpuinfo of a 512-thread server and pci.ids (1.5 MB each).
READ_LIMIT = 4 << 20
COMMAND_LIMIT_S = 5.0

Runner = Callable[[tuple[str, ...]], str | None]


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """What the interpreter knows without reading a file; `affinity` null where there is none."""

    system: str
    architecture: str
    release: str
    affinity: tuple[int, ...] | None = None


class Root:
    """Reads below `prefix` alone; what is absent, unreadable or not text is None, never an error.

    `native` says that `prefix` is this very machine, so that system calls speak of it too.
    """

    def __init__(
        self, prefix: Path, about: Platform, runner: Runner, nvml: Nvml, *, native: bool = False
    ) -> None:
        self._prefix = prefix
        self.platform = about
        self.nvml = nvml
        self.native = native
        self._runner = runner

    @classmethod
    def live(cls) -> "Root":
        """Open this machine."""
        return cls(Path("/"), _this_platform(), run_command, LiveNvml(), native=True)

    def text(self, path: str) -> str | None:
        """Read a file of up to 4 MiB, without the white space at its ends."""
        try:
            with self._below(path).open("rb") as file:
                content = file.read(READ_LIMIT)
        except (OSError, ValueError):
            return None
        return content.decode("utf-8", "replace").strip("\0 \t\r\n")

    def number(self, path: str) -> int | None:
        """Read a file that holds one decimal number."""
        return whole(self.text(path))

    def names(self, path: str) -> tuple[str, ...]:
        """List a folder, numbers in names counted as numbers (`cpu2` before `cpu10`)."""
        try:
            names = [entry.name for entry in self._below(path).iterdir()]
        except (OSError, ValueError):
            return ()
        return tuple(sorted(names, key=_by_number))

    def exists(self, path: str) -> bool:
        try:
            return self._below(path).exists()
        except (OSError, ValueError):
            return False

    def command(self, *argv: str) -> str | None:
        """Run a command; None where it is missing, fails, or takes over 5 seconds."""
        return self._runner(argv)

    def _below(self, path: str) -> Path:
        return self._prefix / path.lstrip("/")


def run_command(argv: tuple[str, ...]) -> str | None:
    """Run on this machine, with the plain locale, so that figures have points."""
    try:
        done = subprocess.run(
            argv,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_LIMIT_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout[:READ_LIMIT].decode("utf-8", "replace")


def whole(text: str | None) -> int | None:
    """Parse one decimal number; None for anything else."""
    if text is None or not re.fullmatch(r"[+-]?[0-9]{1,20}", text.strip()):
        return None
    return int(text)


def cpu_list(text: str | None) -> tuple[int, ...]:
    """Parse the kernel's list form, `0-3,8`; empty where it is something else."""
    cpus: list[int] = []
    for part in (text or "").strip().split(","):
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part.strip())
        if match:
            cpus.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(cpus)


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _this_platform() -> Platform:
    affinity = getattr(os, "sched_getaffinity", None)
    about = os.uname()
    return Platform(
        system=platform.system(),
        architecture=about.machine,
        release=about.release,
        affinity=None if affinity is None else tuple(sorted(affinity(0))),
    )
