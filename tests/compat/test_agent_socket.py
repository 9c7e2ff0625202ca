"""The older socket: bounded, and closed with 4008 where its reader takes nothing."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import anyio.lowlevel
import msgspec
import pytest

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.compat import agent_socket
from benchrace.compat.agent_socket import OldSocket, messages
from benchrace.events import encode
from benchrace.events.envelope import JobDone, LlmToken, Log, Stream
from benchrace.events.payloads import JobDonePayload, LlmTokenPayload, LogPayload
from benchrace.notifier import Notifier
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.spec import Order
from benchrace.testing.limits import HANG_S
from benchrace.web.asgi.types import App
from benchrace.web.pace import Pace

pytestmark = pytest.mark.slow

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
        record = JobRecord(spec=spec, t0_ns=0, boot_id=None, accepted_at=0.0, version="0")
        folder.mkdir(parents=True)
        self.written = Notifier()
        self.job = Job(JobFolder(folder), record, self.written)

    def all(self) -> tuple[Job, ...]:
        return (self.job,)


class Peer:
    """The other side of a socket; `reads` says whether it takes what is sent."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.sent: list[Message] = []
        self.left = anyio.Event()
        self.arrived = Notifier()
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
        self.arrived.notify()

    async def has(self, count: int) -> None:
        while len(self.sent) < count:
            await self.arrived.wait()

    def types(self) -> list[str]:
        texts = [message["text"] for message in self.sent if message["type"] == "websocket.send"]
        return [msgspec.json.decode(text)["type"] for text in texts]


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("passed on")


class NoOperations:
    def all(self) -> tuple[()]:
        return ()


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    created = Jobs(tmp_path / "j0123456789abcdef")
    created.job.folder.work.write_bytes(line(0) + line(1) + line(2) + DONE)
    return created


async def test_a_reader_that_takes_nothing_is_closed_and_others_go_on(jobs: Jobs) -> None:
    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    socket = OldSocket(cast(App, nothing), agent, stalled_s=0.05)
    stuck, other = Peer(reads=False), Peer(reads=True)
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(socket, SCOPE, other.receive, other.send)
            await socket(SCOPE, stuck.receive, stuck.send)
            await other.has(6)
            other.left.set()
    assert stuck.sent[-1]["type"] == "websocket.close"
    assert stuck.sent[-1]["code"] == 4008
    assert other.types() == ["log", "log", "log", "job_done", "compute_done"]


async def test_many_readers_share_the_work_and_leave_the_loop_to_others(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = 0

    def counted(spec: JobSpec, line: bytes) -> Iterator[str]:
        nonlocal encoded
        encoded += 1
        yield from messages(spec, line)

    monkeypatch.setattr(agent_socket, "messages", counted)
    jobs.job.folder.work.write_bytes(b"".join(line(number) for number in range(1000)))
    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    socket = OldSocket(cast(App, nothing), agent)
    # As to one that never reads, while its buffers are not full: a send is over at once.
    peers = [Peer(reads=True) for _ in range(64)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for peer in peers:
            tasks.start_soon(socket, SCOPE, peer.receive, peer.send)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(others)
        for peer in peers:
            await peer.has(1001)
        tasks.cancel_scope.cancel()
    assert encoded == 1000
    assert turns > 100


async def test_a_slice_of_each_period_is_given_in_turn() -> None:
    now_s = 100.0
    pace = Pace(lambda: now_s)
    first = await pace.turn()
    assert not pace.is_over(first)
    now_s += 0.003
    assert pace.is_over(first)
    now_s += 0.1
    assert await pace.turn() > first


async def test_a_job_that_had_ended_is_not_replayed(jobs: Jobs) -> None:
    jobs.job.ended(DONE)
    agent = cast(Agent, SimpleNamespace(jobs=jobs, operations=NoOperations()))
    peer = Peer(reads=True)
    with anyio.fail_after(HANG_S):
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


def test_an_older_tag_follows_the_native_one(jobs: Jobs) -> None:
    spec = jobs.job.spec
    native, older = messages(spec, DONE[:-1])
    assert native.encode() == DONE[:-1]
    assert msgspec.json.decode(older)["payload"] == {"primes_found": 4}
    assert len(list(messages(msgspec.structs.replace(spec, kind="other"), DONE))) == 1
    assert len(list(messages(spec, line(0)))) == 1


def text_job(backend: str = "ollama") -> JobSpec:
    lane = JobLane(lane_id="lane-0", label="x", backend=backend, params={"model": "asked"})
    return JobSpec(
        run_id=None,
        job_id="j0123456789abcdef",
        machine_id="m",
        kind="llm_generate",
        lanes=(lane,),
        schedule=(),
        order=Order.CONTIGUOUS,
        salt="",
    )


def payload(spec: JobSpec, event: bytes) -> dict[str, Any]:
    (message,) = messages(spec, event)
    body: dict[str, Any] = msgspec.json.decode(message)["payload"]
    return body


def done(**metrics: Any) -> bytes:
    return encode(JobDone(**envelope(3), payload=JobDonePayload(metrics=metrics)))


def test_the_figures_of_text_lie_flat_and_name_model_and_engine() -> None:
    figures = {"ttft_ms": 3.5, "gen_tokens": 16, "model": "m:latest", "engine": "llama-server"}
    body = payload(text_job(), done(**figures))
    assert body == {**figures, "metrics": figures}
    (message,) = messages(text_job(), done(gen_tokens=16))
    assert '"gen_tokens":16,' in message
    body = payload(text_job("openai"), done(gen_tokens=16))
    assert (body["model"], body["engine"]) == ("asked", "openai")


def test_a_token_has_its_time_in_the_payload() -> None:
    token = encode(LlmToken(**envelope(4), payload=LlmTokenPayload(text="Unified")))
    assert payload(text_job(), token) == {"text": "Unified", "timestamp_s": 1.0}


@pytest.mark.parametrize(
    ("backend", "reason", "shown"),
    [
        ("ollama", "unreachable", "ollama_unreachable"),
        ("openai", "unreachable", "unreachable"),
        ("ollama", "missing_model", "missing_model"),
    ],
)
def test_a_mock_says_why_it_answered(backend: str, reason: str, shown: str) -> None:
    event = done(engine="mock", model="", gen_tokens=None, fallback_reason=reason)
    body = payload(text_job(backend), event)
    assert (body["engine"], body["model"], body["fallback_reason"]) == ("mock", "asked", shown)
