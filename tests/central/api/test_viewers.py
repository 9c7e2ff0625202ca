"""Viewers of a real central process: what one costs that reads nothing, and a thousand at once."""

import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import psutil
import pytest
from anyio import to_thread

from benchrace.events import ComputeLine
from benchrace.events.payloads import ComputeLinePayload
from benchrace.run.planning.order import Slot
from benchrace.testing.limits import HANG_S
from benchrace.web.sse import MAX_VIEWERS
from tests.browser.fleet import TOKEN, Fleet
from tests.central.scripted import FakeAgent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

MIB = 1 << 20
STOPPED = 8
LINES = 160
TOGETHER = 16
# Fewer than wait for central at most before it accepts them.
CROWD = 100
TEXT = "x" * 50_000


class Talker(FakeAgent):
    """Each round says 8 MB of text, more than all buffers on the way can hold."""

    async def round(self, slot: Slot) -> None:
        await super().round(slot)
        job = next(reversed(self.jobs.values()))
        for _ in range(LINES // TOGETHER):
            for _ in range(TOGETHER):
                job.say(ComputeLine, ComputeLinePayload(line=TEXT), slot)
            # A frame of the link holds 1 MiB at most.
            while job.acked.get("work", 0) < len(job.lines["work"]):  # noqa: ASYNC110
                await anyio.sleep(0.005)


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    started = Fleet(tmp_path)
    await started.start_central()
    yield started
    await started.close()


def watch(fleet: Fleet, run_id: str, count: int) -> list[tuple[socket.socket, bytes]]:
    """Ask for a run's log `count` times, and read the status of each answer and nothing more."""
    parts = urlsplit(fleet.url)
    request = (
        f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    )
    viewers = []
    for _ in range(count):
        sock = socket.socket()
        sock.settimeout(HANG_S)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((parts.hostname or "", parts.port or 0))
        sock.sendall(request.encode())
        viewers.append(sock)
    return [(sock, sock.recv(13, socket.MSG_WAITALL)) for sock in viewers]


def memory_of(fleet: Fleet) -> int:
    assert fleet.central is not None
    return int(psutil.Process(fleet.central.pid).memory_info().rss)


async def read_whole(fleet: Fleet, run_id: str) -> int:
    """Count the lines that a viewer gets who reads, to the end of the log."""
    count, headers = 0, {"Accept": "text/event-stream"}
    path = f"{fleet.url}/api/runs/{run_id}/events"
    async with fleet.http.stream("GET", path, headers=headers) as answer:
        async for line in answer.aiter_lines():
            count += line.startswith("data: {") and TEXT in line
    return count


async def test_viewers_that_read_nothing_cost_2_mb_at_most_and_hold_up_nobody(
    fleet: Fleet,
) -> None:
    async with anyio.create_task_group() as tasks:
        agent = Talker()
        agent.token = TOKEN
        tasks.start_soon(agent.run, fleet.url.replace("http", "ws") + "/api/v1/link")
        await agent.linked.wait()
        spec = {"kind": "work", "params": {"n": 1}, "rounds": 1, "warmup": 0}
        # What central takes for a run and one viewer who reads, whatever others do.
        first = await fleet.submit(**spec)
        assert await read_whole(fleet, first) == LINES
        before = memory_of(fleet)
        agent.open_gate = anyio.Event()
        second = await fleet.submit(**spec)
        stopped = await to_thread.run_sync(watch, fleet, second, STOPPED)
        assert {head for _, head in stopped} == {b"HTTP/1.1 200 "}
        agent.open_gate.set()
        assert await read_whole(fleet, second) == LINES
        assert memory_of(fleet) - before < STOPPED * 2 * MIB
        assert (await fleet.over(second))["state"] == "done"
        for sock, _ in stopped:
            sock.close()
        tasks.cancel_scope.cancel()


async def test_of_1000_viewers_those_above_the_limit_are_refused_and_the_race_goes_on(
    fleet: Fleet,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    async with anyio.create_task_group() as tasks:
        agent = FakeAgent()
        agent.token = TOKEN
        agent.open_gate = anyio.Event()
        tasks.start_soon(agent.run, fleet.url.replace("http", "ws") + "/api/v1/link")
        await agent.linked.wait()
        run_id = await fleet.submit(kind="work", params={"n": 1}, rounds=3)
        viewers: list[tuple[socket.socket, bytes]] = []
        while len(viewers) < 1000:
            viewers += await to_thread.run_sync(watch, fleet, run_id, CROWD)
        heads = [head for _, head in viewers]
        assert heads.count(b"HTTP/1.1 200 ") == MAX_VIEWERS
        assert heads.count(b"HTTP/1.1 503 ") == 1000 - MAX_VIEWERS
        agent.open_gate.set()
        assert (await fleet.over(run_id))["state"] == "done"
        for sock, _ in viewers:
            sock.close()
        tasks.cancel_scope.cancel()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
