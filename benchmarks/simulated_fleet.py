"""A real central with simulated machines, as processes, for what measures or torments them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchrace_simulated.pace import decode_rate
from benchrace_simulated.profiles import Seat

TOKEN = "a-token-for-simulated-machines"
MODEL = "demo-1b-q8"
WAIT_S = 400.0
# Often enough to be quick, and seldom enough not to be what central is busy with.
_LOOK_S = 0.5
# Batches of text as often as an agent sends lines.
FLUSH = {"BENCH_STREAM_FLUSH_SECONDS": "0.03", "BENCH_STREAM_FLUSH_CHARS": "4096"}


class Central:
    """A central on a data folder; it keeps its port over a restart. `env` is its environment."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "central"
        self.log = folder / "central.log"
        self.port = 0
        self.env: dict[str, str] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        record = self.data / "central.json"
        record.unlink(missing_ok=True)
        self.process = spawn(
            ["benchrace.cli", "central", "--port", str(self.port), "--data-dir", str(self.data)],
            self.log,
            self.env,
        )
        until(record.exists, "central does not start", self.process)
        until(lambda: bool(record.read_bytes()), "central does not start", self.process)
        self.port = int(json.loads(record.read_bytes())["url"].rpartition(":")[2])

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, in order or not."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait()

    @property
    def ps(self) -> psutil.Process:
        assert self.process is not None
        return psutil.Process(self.process.pid)

    def get(self, path: str) -> Any:
        answer = httpx.get(self.url + path, timeout=WAIT_S, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def submit(self, spec: dict[str, Any]) -> str:
        answer = httpx.post(f"{self.url}/api/runs", json=spec, timeout=WAIT_S, trust_env=False)
        if not answer.is_success:
            raise SystemExit(f"central refused the run: {answer.text}")
        return str(answer.json()["run_id"])

    def over(self, run_id: str) -> bool:
        """Check whether a run has ended."""
        state = str(self.get(f"/api/runs/{run_id}")["state"])
        return state not in ("queued", "running")

    def ready(self, machines: int) -> bool:
        """Check that so many machines can be given work."""
        every = self.get("/api/machines")["machines"]
        able = [one for one in every if one["state"] == "ready" and one["backends"]]
        return len(able) == machines


def start_fleet(
    central: str, folder: Path, machines: int, first: int = 0
) -> subprocess.Popen[bytes]:
    """Start one process with so many machines."""
    folder.mkdir(parents=True, exist_ok=True)
    return spawn(
        [
            *("benchrace_simulated", "--central", central, "--machines", str(machines)),
            *("--first", str(first), "--data-dir", str(folder)),
        ],
        folder / "fleet.log",
    )


def spawn(
    module: Sequence[str], log: Path, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a module as a process in a group of its own; `env` is in place of ours."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", *module],
            env=(os.environ if env is None else env) | FLUSH | {"BENCHRACE_TOKEN": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def until(
    done: Callable[[], bool], failure: str, process: "subprocess.Popen[bytes] | None" = None
) -> None:
    """Wait until something is so; exit with the words otherwise."""
    limit = time.monotonic() + WAIT_S
    while not done():
        if time.monotonic() > limit or (process is not None and process.poll() is not None):
            raise SystemExit(failure)
        time.sleep(_LOOK_S)


@contextmanager
def ended(processes: list["subprocess.Popen[bytes]"]) -> Iterator[None]:
    """End all processes that are in the list at the end."""
    try:
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def lane(
    seat: Seat, seconds: float, label: str | None = None, model: str = MODEL
) -> dict[str, Any]:
    """Return a lane whose rounds take about so many seconds on that machine."""
    tokens = max(8, round(decode_rate(seat.profile, model) * seconds))
    named = {} if label is None else {"label": label}
    params = {"model": model, "max_tokens": tokens}
    return {"machine_id": seat.machine_id, "params": params} | named


def race(lanes: list[dict[str, Any]], rounds: int) -> dict[str, Any]:
    return {
        "kind": "llm_generate",
        "lanes": lanes,
        "rounds": rounds,
        "warmup": 0,
        "name": "simulated",
    }


def cpu_s(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has taken, without its children."""
    times = process.cpu_times()
    return float(times.user + times.system)
