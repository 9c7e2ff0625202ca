"""The program that installs distributions: pip of the environment, or uv where it has none."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from benchrace.errors import BenchraceError, Category

# Nothing is looked up elsewhere: what is missing is an error.
OFFLINE = "--no-index"
_LONGEST_S = 900.0
_SHOWN_LINES = 8
_UNMET = ("requires", "has requirement", "is not supported")
_REQUIRES = re.compile(r"^(\S+) \S+ (requires|has requirement|is not supported)\b")


class Installer(Protocol):
    """Changes one environment; every call blocks. Raises `system` with what it printed."""

    def install(self, words: Sequence[str]) -> None: ...
    def put_back(self, wheels: Sequence[Path]) -> None: ...
    def uninstall(self, names: Sequence[str]) -> None: ...
    def problems(self) -> frozenset[str]: ...


class Pip:
    """pip, or uv in its manner.

    `yes` answers the question of `uninstall`; `python` names the environment where it is not the
    command's own.
    """

    def __init__(
        self, command: Sequence[str], *, yes: Sequence[str] = (), python: str = ""
    ) -> None:
        self._command = tuple(command)
        self._yes = tuple(yes)
        self._python = ("--python", python) if python else ()

    def install(self, words: Sequence[str]) -> None:
        """Install what `words` name: requirements, wheels, options."""
        self._run("install", *words)

    def put_back(self, wheels: Sequence[Path]) -> None:
        """Install wheels over whatever is there, and nothing else."""
        options = (OFFLINE, "--no-deps", "--force-reinstall")
        self._run("install", *options, *map(str, wheels))

    def uninstall(self, names: Sequence[str]) -> None:
        """Remove distributions."""
        self._run("uninstall", *self._yes, *names)

    def problems(self) -> frozenset[str]:
        """Return the requirements of installed distributions that are not met, one line each."""
        done = self._call("check")
        missing = unmet(_lines(done))
        if done.returncode != 0 and not missing:
            raise self._failed("check", done)
        return missing

    def _run(self, *words: str) -> None:
        done = self._call(*words)
        if done.returncode != 0:
            raise self._failed(words[0], done)

    def _failed(self, word: str, done: "subprocess.CompletedProcess[str]") -> BenchraceError:
        output = "\n".join(_lines(done)[-_SHOWN_LINES:])
        return BenchraceError(
            Category.SYSTEM, f"`{' '.join(self._command)} {word}` failed: {output}"
        )

    def _call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [*self._command, words[0], *self._python, *words[1:]]
        try:
            return subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                env=_isolated() if OFFLINE in words else None,
                # Ctrl-C is for us: while we go back, it must not end the installer.
                start_new_session=True,
                timeout=_LONGEST_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchraceError(
                Category.SYSTEM, f"`{' '.join(self._command)}` cannot be used: {error}"
            ) from error


def this_environment() -> Pip:
    """Return the installer of this environment; raises `system` where there is none."""
    if importlib.util.find_spec("pip") is not None:
        options = ("--disable-pip-version-check", "--no-input")
        return Pip((sys.executable, "-P", "-m", "pip", *options), yes=("--yes",))
    if (uv := shutil.which("uv")) is not None:
        return uv_for(uv, sys.executable)
    raise BenchraceError(
        Category.SYSTEM,
        f"the environment of {sys.executable} has no pip, and uv is not on the path",
        "Install one of them, or update benchrace as it was installed.",
    )


def uv_for(uv: str, python: str) -> Pip:
    """Return uv as the installer of another environment."""
    return Pip((uv, "pip"), python=python)


def unmet(lines: Iterable[str]) -> frozenset[str]:
    """Return what `check` prints of requirements, without the versions that an update changes."""
    return frozenset(
        _REQUIRES.sub(r"\1 \2", line.partition(", but ")[0])
        for line in lines
        if any(words in line for words in _UNMET)
    )


def _isolated() -> dict[str, str]:
    """Return the environment without configuration, which can name other sources of wheels."""
    others = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_"))}
    return others | {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}


def _lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
