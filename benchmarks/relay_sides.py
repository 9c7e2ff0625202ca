"""The two sides of the relay benchmark, each in processes of its own: one run of either."""

import os
import platform
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any, Self

import httpx
import msgspec
import psutil

from benchmarks.relay_viewers import Seen

ROOT = Path(__file__).resolve().parent.parent
READY_S = 60.0
LIMIT_S = 180.0
# A sample of the events is timed: about a thousand a second for each viewer.
EVENT_BYTES = 330
_PROCESS_CLOCK = 2


class Result(msgspec.Struct, frozen=True):
    """One run: events that each viewer got, CPU seconds by process, samples in ns, and time."""

    events: int
    cpu_s: dict[str, float]
    samples: list[tuple[int, int]]
    elapsed_s: float

    @property
    def cpu_ms_per_1000(self) -> float:
        """CPU time of all processes in ms for 1,000 events."""
        return sum(self.cpu_s.values()) * 1e6 / self.events


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, of all its threads, exactly on Linux."""
    if platform.system() == "Linux":
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


class Side:
    """Processes that are started together, and ended with `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.pids: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, name: str, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start a Python process; its errors go to a file in the folder."""
        with (self._folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.pids[name] = process.pid
        self._stack.callback(_end, process)
        return process

    def fail(self, what: str) -> SystemExit:
        """Return the failure of a process, with the end of what each has logged."""
        logs = "".join(path.read_text()[-600:] for path in sorted(self._folder.glob("*.log")))
        return SystemExit(f"{what}; the logs end with:\n{logs}")

    @contextmanager
    def watching(
        self, url: str, path: str, viewers: int, events: int, rate: int
    ) -> Iterator["Watch"]:
        """Connect viewers; the events are to begin inside."""
        spacing = EVENT_BYTES * max(1, rate // 1000)
        words = (url, path, str(viewers), str(events), str(spacing))
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.relay_viewers", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        # A side that loses events would be waited for without end.
        limit = Timer(LIMIT_S, process.kill)
        limit.start()
        try:
            watch = Watch(process, self)
            watch.wait_for("ready")
            yield watch
        finally:
            limit.cancel()
            _end(process)


class Watch:
    """The viewers' process, as the benchmark hears it."""

    def __init__(self, process: subprocess.Popen[str], side: Side) -> None:
        self._process, self._side = process, side

    def wait_for(self, word: str) -> None:
        """Wait for a word of the viewers."""
        if self._line().strip() != word:
            raise self._side.fail(f"the viewers ended before they were {word}")

    def measure(self, events: int) -> Result:
        """Measure from the first counted event to the last one's arrival at the last viewer."""
        pids = self._side.pids
        self.wait_for("first")
        started, before = time.monotonic(), {name: cpu_s(pid) for name, pid in pids.items()}
        self.wait_for("done")
        used = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
        elapsed_s = time.monotonic() - started
        seen = msgspec.json.decode(self._line(), type=Seen)
        if set(seen.counts) != {events}:
            raise self._side.fail(f"viewers got {seen.counts} of {events} events")
        return Result(events, used, seen.samples, elapsed_s)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Ours(Side):
    """A central and an agent as people start them; a worker makes the events."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self) -> None:
        folder = self._folder
        self._data = folder / "data"
        site = folder / "site"
        info = site / "relay_load-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: relay-load\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[benchrace]\nrelay = benchmarks.relay_load\n")
        env = {
            "PYTHONPATH": f"{ROOT}:{site}",
            "TMPDIR": str(folder),
            "BENCHRACE_CONFIG_DIR": str(folder / "config"),
            "BENCHRACE_TOKEN": secrets.token_hex(16),
        }
        common = ("-m", "benchrace.cli")
        data = ("--data-dir", str(self._data), "--port", "0")
        self.start("central", *common, "central", *data, **env)
        self._url = self._read_url()
        self._http = httpx.Client(base_url=self._url, trust_env=False, timeout=READY_S)
        self._stack.callback(self._http.close)
        named = ("--machine-id", "bench", "--central", self._url)
        self.start("agent", *common, "agent", *data, *named, **env)
        self._until(self._is_offered, "the agent offers no flow of events")

    def run(self, rate: int, seconds: float, warmup_s: float, viewers: int) -> Result:
        """Measure the events of one run."""
        params = {"rate": rate, "seconds": seconds, "warmup_s": warmup_s}
        spec = {"kind": "relay_load", "params": params, "rounds": 1, "sampling_s": 0}
        answer = self._http.post("/api/runs", json=spec)
        if answer.status_code != 202:
            raise self.fail(answer.text)
        run_id = answer.json()["run_id"]
        events = int(rate * seconds)
        path = f"/api/runs/{run_id}/events"
        with self.watching(self._url, path, viewers, events, rate) as watch:
            result = watch.measure(events)
        self._until(lambda: self._is_over(run_id), f"the run {run_id} does not end")
        return result

    def _read_url(self) -> str:
        record = self._data / "central.json"
        self._until(record.exists, "central does not start")
        return str(msgspec.json.decode(record.read_bytes())["url"])

    def _is_offered(self) -> bool:
        kinds: list[Any] = self._http.get("/api/workloads").json()["workloads"]
        return any(kind["kind"] == "relay_load" for kind in kinds)

    def _is_over(self, run_id: str) -> bool:
        state = self._http.get(f"/api/runs/{run_id}").json()["state"]
        if state in ("failed", "cancelled", "interrupted"):
            raise self.fail(f"the run ended as {state}")
        return bool(state == "done")

    def _until(self, is_so: Any, otherwise: str) -> None:
        until = time.monotonic() + READY_S
        while not is_so():
            if time.monotonic() > until:
                raise self.fail(otherwise)
            time.sleep(0.1)


class Predecessor(Side):
    """An agent that sends a message for each event, and a Flask-SocketIO central."""

    def run(self, rate: int, events: int, warmup: int, viewers: int) -> Result:
        """Measure the events of processes that are started for them."""
        source = ("-m", "benchmarks.relay_source", str(rate), str(warmup), str(events))
        agent = self.start("agent", *source)
        agent_port = self._port_of(agent)
        relay = ("-m", "benchmarks.relay_predecessor", f"ws://127.0.0.1:{agent_port}")
        central = self.start("central", *relay)
        port = self._port_of(central)
        _wait_for_port(port)
        path = "/socket.io/?EIO=4&transport=websocket"
        with self.watching(f"http://127.0.0.1:{port}", path, viewers, events, rate) as watch:
            assert agent.stdin is not None
            agent.stdin.write("go\n")
            agent.stdin.flush()
            result = watch.measure(events)
        _end(central)
        _end(agent)
        return result

    def _port_of(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.isdecimal():
            raise self.fail("the predecessor does not start")
        return int(line)


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
