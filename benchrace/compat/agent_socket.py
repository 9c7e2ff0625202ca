"""The older `/ws`: every event of every job as one JSON message, older tags beside native ones."""

import contextlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.compat.agent_operations import OperationPlaces
from benchrace.events import codec
from benchrace.protocol.job import JobSpec
from benchrace.store.tail import Tail
from benchrace.web.asgi.types import App, Receive, Scope, Send
from benchrace.web.pace import Pace
from benchrace.web.socket import Socket, SocketClosed

PATH = "/ws"
TOO_SLOW = 4008
STALLED_S = 5.0
MAX_READERS = 64
_READ_BYTES = 1 << 15
MAX_BATCHES = 32
_TRY_LATER = 1013

_TEXT = frozenset({"llm_generate", "llm_serve"})
# For each kind of work: the native tag, and the older one that follows it with its payload.
_OLDER: dict[str, dict[str, str]] = {
    "compute": {"job_done": "compute_done"},
    "txt2img": {
        "job_start": "image_started",
        "progress": "image_progress",
        "job_done": "image_complete",
        "job_error": "image_error",
    },
}


class OldSocket:
    """An ASGI application around the agent's: it serves `/ws`, and passes all else on.

    A reader holds a place in each journal, so that it costs no memory; one that takes nothing
    for 5 s is closed with 4008. All together they get a part of the loop's time, and what one has
    read and written as JSON serves the others that are at the same place.
    """

    def __init__(self, app: App, agent: Agent, *, stalled_s: float = STALLED_S) -> None:
        self._app = app
        self._agent = agent
        self._stalled_s = stalled_s
        self._count = 0
        self._pace = Pace()
        self._batches = _Batches()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        socket = Socket(scope, receive, send)
        try:
            await socket.accept()
            if self._count >= MAX_READERS:
                await socket.close(_TRY_LATER, "too many readers")
                return
            self._count += 1
            try:
                await self._serve(socket)
            finally:
                self._count -= 1
        except SocketClosed:
            return

    async def _serve(self, socket: Socket) -> None:
        async with anyio.create_task_group() as tasks:

            async def read() -> None:
                # What an older client says is of no use, but its close is.
                try:
                    while True:
                        await socket.receive()
                except SocketClosed:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(read)
            with contextlib.suppress(SocketClosed):
                await self._follow(socket)
            tasks.cancel_scope.cancel()

    async def _follow(self, socket: Socket) -> None:
        written = self._agent.jobs.written
        places: dict[str, _Place] = {}
        operations = OperationPlaces(self._agent.operations)
        done = {job.job_id for job in self._agent.jobs.all() if job.phase.final}
        seen = written.count - 1
        while True:
            seen = await written.wait(seen)
            if not await self._send_all(socket, operations.messages()):
                return
            for job in self._agent.jobs.all():
                if job.job_id in done:
                    continue
                place = places.setdefault(job.job_id, _Place(job, self._batches))
                over = job.phase.final
                if not await self._send_all(socket, place.messages()):
                    return
                if over:
                    done.add(job.job_id)
                    del places[job.job_id]

    async def _send_all(self, socket: Socket, messages: Iterable[str]) -> bool:
        """Send slice by slice; false where the reader was too slow, and is gone."""
        until_s = 0.0
        for message in messages:
            if self._pace.is_over(until_s):
                until_s = await self._pace.turn()
            if not await self._send(socket, message):
                return False
        return True

    async def _send(self, socket: Socket, message: str) -> bool:
        with anyio.move_on_after(self._stalled_s) as patience:
            await socket.send(message)
        if not patience.cancelled_caught:
            return True
        with anyio.move_on_after(0.5):
            await socket.close(TOO_SLOW, "this reader is too slow")
        return False


class _Place:
    """How far one reader has got in a job's two journals."""

    def __init__(self, job: Job, batches: "_Batches") -> None:
        self._spec = job.spec
        self._batches = batches
        self._tails = (
            Tail(job.folder.work, limit=_READ_BYTES),
            Tail(job.folder.agent, limit=_READ_BYTES),
        )

    def messages(self) -> Iterator[str]:
        for tail in self._tails:
            while batch := self._batches.after(tail, self._spec):
                yield from batch


class _Batches:
    """The last batches that readers took, as messages; a few, whatever the readers do."""

    def __init__(self) -> None:
        self._recent: OrderedDict[tuple[Path, int], tuple[tuple[str, ...], int]] = OrderedDict()

    def after(self, tail: Tail, spec: JobSpec) -> tuple[str, ...]:
        """Move a tail on by one batch and return it; empty where nothing is new."""
        place = (tail.path, tail.offset)
        if (ready := self._recent.get(place)) is not None:
            tail.offset = ready[1]
            return ready[0]
        batch = tail.read()
        if batch is None:
            return ()
        lines = batch.lines[:-1].split(b"\n")
        texts = tuple(message for line in lines for message in messages(spec, line))
        self._recent[place] = (texts, tail.offset)
        if len(self._recent) > MAX_BATCHES:
            self._recent.popitem(last=False)
        return texts


def messages(spec: JobSpec, line: bytes) -> Iterator[str]:
    """Yield an event's line, and again under its older tag where it has one. Pure.

    Where both have one tag, the payload has what either reader looks for.
    """
    tag = codec.head(line).type
    if spec.kind in _TEXT and tag in ("llm_token", "job_done"):
        event: dict[str, Any] = msgspec.json.decode(line)
        event["payload"] = _text(spec, event)
        yield msgspec.json.encode(event).decode()
        return
    yield line.decode("utf-8", "replace")
    older = _OLDER.get(spec.kind, {}).get(tag)
    if older is not None:
        event = msgspec.json.decode(line)
        payload = event["payload"]
        flat = payload.get("metrics", payload) if isinstance(payload, dict) else payload
        yield msgspec.json.encode({**event, "type": older, "payload": flat}).decode()


def _text(spec: JobSpec, event: dict[str, Any]) -> dict[str, Any]:
    """Add to a payload what older clients read of text: stamps of tokens, figures laid flat."""
    payload: dict[str, Any] = event["payload"]
    if event["type"] == "llm_token":
        return {**payload, "timestamp_s": event["timestamp_s"]}
    metrics: dict[str, Any] = payload["metrics"]
    lane = spec.lanes[0]
    flat = {
        **metrics,
        "model": metrics.get("model") or lane.params.get("model"),
        "engine": metrics.get("engine") or lane.backend,
    }
    if lane.backend == "ollama" and metrics.get("fallback_reason") == "unreachable":
        flat["fallback_reason"] = "ollama_unreachable"
    return {**flat, "metrics": metrics}
