"""The real command line in processes of its own, on folders of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import descriptions

LIMIT = 80
CENTRAL = Path(__file__).parents[1] / "faults/start_central.py"


@dataclass
class Shell:
    """Starts `benchrace` with folders that no other test shares, and finds what it started.

    Where it is not `described`, its first agent describes the plugins, as on a new machine.
    """

    root: Path
    token: str | None = None
    described: bool = True
    env: dict[str, str] = field(init=False)
    _own_central: "subprocess.Popen[str] | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        for name in ("tmp", "data", "config"):
            (self.root / name).mkdir(exist_ok=True)
        if self.described:
            descriptions.lay_out(self.data)
        self.env = {
            **os.environ,
            "TMPDIR": str(self.root / "tmp"),
            "BENCHRACE_DATA_DIR": str(self.data),
            "BENCHRACE_CONFIG_DIR": str(self.root / "config"),
        }
        self.env.pop("BENCHRACE_TOKEN", None)
        if self.token is not None:
            self.env["BENCHRACE_TOKEN"] = self.token

    @property
    def data(self) -> Path:
        return self.root / "data"

    def command(self, *args: str) -> list[str]:
        """Return what is executed for a command."""
        return [str(Path(sys.executable).with_name("benchrace")), *args]

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start a command, and leave it running."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.root,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*args)
        try:
            out, err = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def serve(self, *machines: str, **limits: float) -> str:
        """Start a central and its agents, all apart, and give central's address.

        With `limits`, central ends with this process, and agents need the token of `tests.central`.
        """
        url = self._central_with(limits) if limits else self._central()
        for machine in machines or ("local",):
            self.serve_agent(url, machine)
        return url

    def _central(self) -> str:
        central = self.call("central", "start", "--port", "0", "--json")
        assert central.returncode == 0, central.stderr
        return str(json.loads(central.stdout)["info"]["url"])

    def _central_with(self, limits: Mapping[str, float]) -> str:
        """Start a central whose limits are shorter than the usual ones."""
        options = {"data": str(self.data), "port": 0, "limits": limits}
        command = [sys.executable, str(CENTRAL), json.dumps(options)]
        with (self.root / "central.log").open("w") as log:
            self._own_central = subprocess.Popen(
                command, env=self.env, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._own_central.stdout is not None
        return self._own_central.stdout.readline().strip()

    def serve_agent(self, url: str, machine: str = "local") -> None:
        """Start an agent apart; of several, each measures as if it had the host to itself."""
        options = ("--port", "0", "--central", url, "--machine-id", machine, "--share-host")
        agent = self.call("agent", "start", *options)
        assert agent.returncode == 0, agent.stderr

    def stop(self, *machines: str) -> None:
        """Stop what `serve` started, and wait until no process is left."""
        for machine in machines or ("local",):
            self.call("agent", "stop", "--machine-id", machine)
        self.call("central", "stop")
        wait_until(lambda: self.processes() == [], "the end of all processes")

    def pid(self, record: str) -> int:
        """Return the process that wrote `record` below the data folder."""
        return int(json.loads((self.data / record).read_bytes())["pid"])

    def events(self, run: str = "*") -> list[dict[str, Any]]:
        """Return the events of a run, or of all runs; whole lines only."""
        logs = [path.read_bytes() for path in (self.data / "runs").glob(f"{run}/events.ndjson")]
        return [json.loads(line) for log in logs for line in log.split(b"\n")[:-1]]

    def rounds(self) -> int:
        """Count the finished rounds of all runs."""
        return sum(event["type"] == "round_done" for event in self.events())

    def end(self) -> None:
        """Kill what it left running."""
        for process in self.processes():
            process.kill()
        if self._own_central is not None:
            self._own_central.communicate()

    def processes(self) -> list[psutil.Process]:
        """Return every living process that carries this test's data folder in its environment."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get("BENCHRACE_DATA_DIR") == str(self.data)
        except psutil.Error:
            return False


def wait_until(holds: Callable[[], bool], what: str, pause_s: float = 0.05) -> None:
    """Wait until `holds()`, looking every `pause_s`; fail with `what` after a generous time."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(pause_s)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Yield a shell; what it left running is ended with the test."""
    yield from ended(Shell(tmp_path))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Shell]:
    """Yield a shell for processes that are started apart, with the token that they share."""
    yield from ended(Shell(tmp_path, token="a token of the tests"))


def ended(shell: Shell) -> Iterator[Shell]:
    """Yield a shell, and end what it left running."""
    yield shell
    shell.end()
