"""A central and agents, each a process, whose engine lets lanes span machines."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from benchrace.testing.limits import HANG_S
from tests import local_http
from tests.agent.conftest import AgentProcess, wait_for
from tests.central.offer import TOKEN
from tests.faults import start_central
from tests.forked import Process, start
from tests.spanning_plugin import TeamHome

# A machine that is lost is not waited for long.
LIMITS = {"retry_s": 0.05, "ack_s": 0.02, "tick_s": 0.05, "patience_s": 3, "without_worker_s": 1}
FINAL = {"done", "failed", "cancelled", "interrupted"}


class TeamFleet:
    """Every machine has a folder of its own, by which a test steers its engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.homes: dict[str, TeamHome] = {}
        self.agents: dict[str, AgentProcess] = {}
        self._port = 0
        self._central: Process | None = None
        self.http = local_http.client()

    @contextmanager
    def serving(self, names: str) -> Iterator[Self]:
        """Start central, and an agent for each letter of `names`; all end with the block."""
        try:
            self.start_central()
            for name in names:
                self.start_agent(name)
            yield self
        finally:
            self.close()

    def start_central(self) -> None:
        options = {"data": str(self.data), "port": self._port, "limits": LIMITS}
        self._central = start(start_central.run, json.dumps(options))
        assert self._central.stdout is not None
        self.url = self._central.stdout.readline().strip()
        assert self.url.startswith("http://"), self._central.communicate()[1]
        self._port = int(self.url.rsplit(":", 1)[1])
        self.http = local_http.client(self.url, timeout=HANG_S)

    @property
    def data(self) -> Path:
        return self._folder / "central"

    def kill_central(self) -> None:
        assert self._central is not None
        self.http.close()
        self._central.kill()
        self._central.communicate()

    def start_agent(self, name: str, central: str | None = None, **settings: Any) -> None:
        """Start a machine's agent, for the first time or again, and wait for its link."""
        if name not in self.homes:
            self.homes[name] = TeamHome(self._folder / name)
        self.agents[name] = AgentProcess(
            self._folder / name / "data",
            environment=self.homes[name].environment,
            machine_id=name,
            label=name.upper(),
            central=central or self.url,
            token=TOKEN,
            **settings,
        ).started()
        wait_for(lambda: self.machine(name)["state"] == "ready" and self._described(name))

    def machine(self, name: str) -> Any:
        machines = self.get("/api/machines")["machines"]
        return next((one for one in machines if one["machine_id"] == name), {"state": None})

    def _described(self, name: str) -> bool:
        backends = self.machine(name)["backends"]
        return any(one["name"] == "team" and one["reachable"] for one in backends)

    def kill_agent(self, name: str) -> None:
        self.agents[name].process.send_signal(signal.SIGKILL)
        self.agents.pop(name).close()

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, *lanes: dict[str, Any], **more: Any) -> Any:
        spec = {
            "kind": "compute",
            "params": {"n": 1},
            "rounds": 2,
            "warmup": 0,
            "lanes": [{"backend": "team", **lane} for lane in lanes],
            **more,
        }
        return self.http.post("/api/runs", json=spec)

    def submit(self, *lanes: dict[str, Any], **more: Any) -> str:
        answer = self.post(*lanes, **more)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    def over(self, run_id: str) -> Any:
        """Wait for a run's end, and return its document."""
        path = f"/api/runs/{run_id}"
        return wait_for(lambda: (run := self.get(path))["state"] in FINAL and run)

    def wait_for_round(self, name: str) -> None:
        """Wait until a machine's round waits for its `hold`."""
        wait_for(lambda: self.homes[name].has("held"))

    def events(self, run_id: str) -> list[Any]:
        log = (self.data / "runs" / run_id / "events.ndjson").read_bytes()
        return [json.loads(line) for line in log.splitlines()]

    def warnings(self, run_id: str) -> list[str]:
        return [
            event["payload"]["message"]
            for event in self.events(run_id)
            if event["type"] == "log" and event["payload"]["level"] == "warning"
        ]

    def close(self) -> None:
        for agent in self.agents.values():
            agent.close()
        self.http.close()
        if self._central is not None:
            self._central.kill()
            self._central.communicate()
