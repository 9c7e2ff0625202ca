"""A central and an agent as people start them: two processes on one data folder."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import msgspec

from benchrace.testing.limits import HANG_S
from tests import descriptions, local_http
from tests.forked import Forked, benchrace, can_fork

TOKEN = "a-token-of-the-browser-tests"
Process = Forked | subprocess.Popen[bytes]
OVER = ("done", "failed", "cancelled", "interrupted")


class Fleet:
    """`url` is central's; it stays the same over `kill` and `start_central`."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = env
        self.data = folder / "data"
        self.url = ""
        self.central: Process | None = None
        self.agents: list[Process] = []
        self.http = local_http.async_client(timeout=HANG_S)

    def _start(self, name: str, *arguments: str, **env: str) -> Process:
        """Start a command of benchrace; its own TMPDIR keeps the host's lock apart."""
        command = [name, "--data-dir", str(self.data), *arguments]
        own = {key: text for key, text in os.environ.items() if not key.startswith("BENCHRACE_")}
        own |= {"TMPDIR": str(self.folder), "BENCHRACE_TOKEN": TOKEN} | self.env | env
        with (self.folder / f"{name}.log").open("ab") as log:
            if can_fork(own):
                return Forked(benchrace, command, own, log.fileno(), log.fileno())
            return subprocess.Popen(
                [sys.executable, "-m", "benchrace.cli", *command],
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def start_central(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        address = self.data / "central.json"
        address.unlink(missing_ok=True)
        self.central = self._start("central", "--port", port)
        async with self.patience("central does not answer"):
            while not address.exists():
                await self._while_alive(self.central)
        self.url = str(msgspec.json.decode(address.read_bytes())["url"])
        async with self.patience("central does not answer"):
            while not await self._answers():
                await self._while_alive(self.central)

    async def _while_alive(self, process: Process) -> None:
        """Wait a moment for a process, but not for a dead one."""
        if process.poll() is not None:
            raise TimeoutError
        await anyio.sleep(0.05)

    async def _answers(self) -> bool:
        try:
            return (await self.http.get(f"{self.url}/api/machines")).status_code == 200
        except httpx.TransportError:
            return False

    async def start_agent(self, machine: str = "box", **env: str) -> None:
        """Start one more agent; the first lives in central's folder, as people have it.

        `env` is this agent's own.
        """
        data = self.folder / machine if self.agents else self.data
        descriptions.lay_out(data)
        named = ["--machine-id", machine, "--central", self.url]
        if data != self.data:
            named += ["--data-dir", str(data)]
        agent = self._start("agent", "--port", "0", "--share-host", *named, **env)
        self.agents.append(agent)
        async with self.patience(f"the agent of {machine} is not ready"):
            while not await self.ready(machine):
                await self._while_alive(agent)

    async def ready(self, machine: str = "box") -> bool:
        """Check that a machine can be given work: its plugins are described as well."""
        machines = (await self.get("/api/machines"))["machines"]
        return any(
            linked["machine_id"] == machine
            and linked["state"] == "ready"
            and linked["plugins"]
            and not any(plugin["pending"] for plugin in linked["plugins"])
            for linked in machines
        )

    @asynccontextmanager
    async def patience(self, failure: str) -> AsyncIterator[None]:
        """Wait for another process; say what it said if that is not enough."""
        try:
            with anyio.fail_after(HANG_S):
                yield
        except TimeoutError as error:
            logs = "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))
            raise AssertionError(f"{failure}; the logs say:\n{logs}") from error

    async def get(self, path: str) -> Any:
        answer = await self.http.get(self.url + path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def submit(self, **spec: Any) -> str:
        answer = await self.http.post(f"{self.url}/api/runs", json=spec)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run_id"])

    async def over(self, run_id: str) -> Any:
        """Wait for the end of a run, and give its document."""
        async with self.patience(f"{run_id} does not end"):
            while True:
                run = await self.get(f"/api/runs/{run_id}")
                if run["state"] in OVER:
                    return run
                await anyio.sleep(0.1)

    def stored(self, run_id: str) -> list[bytes]:
        """Return the lines of a run's log as they lie on the disk."""
        (log,) = self.data.glob(f"runs/**/{run_id}/events.ndjson")
        return log.read_bytes().splitlines()

    def kill_central(self) -> None:
        assert self.central is not None
        self.central.kill()
        self.central.wait()

    async def close(self) -> None:
        await self.http.aclose()
        for process in (*self.agents, self.central):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=HANG_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
