"""The older socket: bounded, and closed with 4008 where its reader takes nothing."""

from collections.abc import MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import msgspec
import pytest

from benchrace.agent import Agent
from benchrace.agent.beacon import Beacon
from benchrace.agent.folder import JobFolder, Kept
from benchrace.agent.job import Job
from benchrace.compat.agent_socket import OldSocket, messages
from benchrace.events import encode
from benchrace.events.envelope import JobDone, Log, Stream
from benchrace.events.payloads import JobDonePayload, LogPayload
from benchrace.run.job import JobLane, JobSpec
from benchrace.run.spec import Order
from benchrace.web.asgi import App

Message = MutableMapping[str, Any]
SCOPE = {"type": "websocket", "path": "/ws", "headers": [], "client": ("127.0.0.1", 1)}


def envelope(seq: int) -> dict[str, Any]:
    return {
        "run_id": None,
        "job_id": "j0123456789abcdef",
        "machine_id": "m",
        "lane_id": None,
        "round": None,
        "stream": Stream.WORK,
        "seq": seq,
        "t_ns": seq,
        "timestamp_s": 1.0,
    }


def line(seq: int) -> bytes:
    payload = LogPayload(level="info", message=f"line {seq}", source="test")
    return encode(Log(**envelope(seq), payload=payload))


DONE = encode(JobDone(**envelope(3), payload=JobDonePayload(metrics={"primes_found": 4})))


class Jobs:
    """One running job, as the socket sees it."""

    def __init__(self, folder: Path) -> None:
        spec = JobSpec(
            run_id=None,
            job_id="j0123456789abcdef",
            machine_id="m",
            kind="compute",
            lanes=(JobLane(lane_id="lane-0", label="x", backend="compute", params={}),),
            schedule=(),
            order=Order.CONTIGUOUS,
            salt="",
        )
        kept = Kept(spec=spec, t0_ns=0, boot_id=None, accepted_at=0.0, version="0")
        folder.mkdir(parents=True)
        self.changed = Beacon()
        self.job = Job(JobFolder(folder), kept, self.changed)

    def all(self) -> tuple[Job, ...]:
        return (self.job,)


class Peer:
    """The other side of a socket; `reads` says whether it takes what is sent."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.sent: list[Message] = []
        self.left = anyio.Event()
        self.arrived = Beacon()
        self._met = False

    async def receive(self) -> Message:
        if not self._met:
            self._met = True
            return {"type": "websocket.connect"}
        await self.left.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.send" and not self.reads:
            await anyio.sleep_forever()
        self.sent.append(message)
        self.arrived.flash()

    async def has(self, count: int) -> None:
        while len(self.sent) < count:
            await self.arrived.wait(self.arrived.count)

    def types(self) -> list[str]:
        texts = [each["text"] for each in self.sent if each["type"] == "websocket.send"]
        return [msgspec.json.decode(text)["type"] for text in texts]


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("passed on")


class NoOperations:
    def all(self) -> tuple[()]:
        return ()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    made = Jobs(tmp_path / "j0123456789abcdef")
    made.job.folder.work.write_bytes(line(0) + line(1) + line(2) + DONE)
    return made


async def test_a_reader_that_takes_nothing_is_closed_and_others_go_on(jobs: Jobs) -> None:
    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    socket = OldSocket(cast(App, nothing), agent, stalled_s=0.05)
    stuck, other = Peer(reads=False), Peer(reads=True)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(socket, SCOPE, other.receive, other.send)
            await socket(SCOPE, stuck.receive, stuck.send)
            await other.has(6)
            other.left.set()
    assert stuck.sent[-1]["type"] == "websocket.close"
    assert stuck.sent[-1]["code"] == 4008
    assert other.types() == ["log", "log", "log", "job_done", "compute_done"]


async def test_a_job_that_had_ended_is_not_replayed(jobs: Jobs) -> None:
    jobs.job.ended(DONE)
    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    peer = Peer(reads=True)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(OldSocket(cast(App, nothing), agent), SCOPE, peer.receive, peer.send)
            await anyio.wait_all_tasks_blocked()
            peer.left.set()
    assert peer.types() == []


async def test_other_requests_are_passed_on(jobs: Jobs) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    peer = Peer(reads=True)
    for scope in ({"type": "http", "path": "/ws"}, {"type": "websocket", "path": "/other"}):
        await OldSocket(cast(App, app), agent)(scope, peer.receive, peer.send)
    assert seen == ["/ws", "/other"]


def test_an_older_tag_follows_the_native_one() -> None:
    native, older = messages("compute", DONE[:-1])
    assert native.encode() == DONE[:-1]
    assert msgspec.json.decode(older)["payload"] == {"primes_found": 4}
    assert len(list(messages("other", DONE))) == 1
    assert len(list(messages("compute", line(0)))) == 1
