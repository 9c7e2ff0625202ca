"""The agent that an update stops and starts again: a service, in the background, or none."""

import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import psutil

from benchrace.cli.service.install import background
from benchrace.cli.service.install.unit import Installed
from benchrace.cli.service.service import Record, Service
from benchrace.errors import BenchraceError, Category

_VERSION_S = 60.0
_DROPPED = ("--log-file", "--token-fd")


class Started(NamedTuple):
    """How a process was started: its command line, working folder and environment."""

    words: list[str]
    cwd: str
    env: dict[str, str]


class AgentProcess(Protocol):
    """`start` returns once the agent listens, and None where there was none; it raises why not."""

    def stop(self) -> None: ...
    def start(self) -> Record | None: ...


class AsService:
    """An agent that systemd or launchd starts."""

    def __init__(self, service: Service, own: Installed) -> None:
        self._service = service
        self._own = own

    def stop(self) -> None:
        background.stop(self._service, self._own)

    def start(self) -> Record:
        background.start(self._service, self._own, {})
        return _running(self._service)


class InBackground:
    """An agent that `benchrace agent start` has started: with its options, folder and environment.

    The person who updates may have logged in another way.
    """

    def __init__(self, service: Service, started: Started, token: str | None) -> None:
        self._service = service
        self._started = started
        self._token = token

    def stop(self) -> None:
        self._service.stop()

    def start(self) -> Record:
        started = self._started
        words = arguments(started.words)
        self._service.start(words, self._token, cwd=started.cwd, env=started.env)
        return _running(self._service)


class NotRunning:
    """No agent: the new version is tried by asking for it."""

    def stop(self) -> None:
        """Do nothing."""

    def start(self) -> Record | None:
        command = [sys.executable, "-P", "-m", "benchrace.cli", "--version"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_VERSION_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            what = f"`benchrace --version` cannot be run: {error}"
            raise BenchraceError(Category.SYSTEM, what) from error
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise BenchraceError(Category.SYSTEM, f"`benchrace --version` fails: {why}")
        return None


def find_process(service: Service, token: str | None) -> AgentProcess:
    """Return how this machine's agent runs; raises `busy` for one that cannot be started again."""
    if (own := background.find(service)) is not None:
        return AsService(service, own) if service.running() else NotRunning()
    record = service.running()
    if record is None:
        return NotRunning()
    started = _started(record.pid)
    words = started.words
    if "--log-file" not in words or "--parent-fd" in words:
        whose = "belongs to a running command" if "--parent-fd" in words else "is in the foreground"
        raise BenchraceError(
            Category.BUSY,
            f"the agent (process {record.pid}) {whose}",
            "End it first, and start it again after the update.",
        )
    if "--token-fd" in words and token is None:
        raise BenchraceError(
            Category.BUSY,
            "the agent was started with a token that is stored nowhere",
            "Set BENCHRACE_TOKEN to it, or stop the agent first: `benchrace agent stop`.",
        )
    return InBackground(service, started, token if "--token-fd" in words else None)


def arguments(words: Sequence[str]) -> list[str]:
    """Return a background agent's arguments from its command line, without its pipe and its log."""
    result: list[str] = []
    skip = False
    for word in words[words.index("agent") :]:
        if not skip and word not in _DROPPED:
            result.append(word)
        skip = not skip and word in _DROPPED
    return result


def _running(service: Service) -> Record:
    """Return the record of an agent that was just started; raises `system` where it has ended."""
    record = service.running()
    if record is None:
        raise BenchraceError(
            Category.SYSTEM,
            "the agent ended right after it had started",
            f"See its log: {service.log}",
        )
    return record


def _started(pid: int) -> Started:
    try:
        process = psutil.Process(pid)
        return Started(process.cmdline(), process.cwd(), process.environ())
    except psutil.Error as error:
        raise BenchraceError(
            Category.BUSY,
            f"how the agent (process {pid}) was started cannot be read: {error}",
            "Stop it first: `benchrace agent stop`.",
        ) from error
