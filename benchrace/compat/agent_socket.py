"""The older `/ws`: every event of every job as one JSON message, older tags beside native ones."""

import contextlib
from collections.abc import Iterator
from typing import Any

import anyio
import msgspec

from benchrace.agent import Agent
from benchrace.agent.job import Job
from benchrace.compat.agent_operations import OperationPlaces
from benchrace.events import codec
from benchrace.store.tail import Tail
from benchrace.web.asgi import App, Receive, Scope, Send
from benchrace.web.socket import Socket, SocketClosed

PATH = "/ws"
TOO_SLOW = 4008
STALLED_S = 5.0
MOST = 64
_READ_BYTES = 1 << 16
_TRY_LATER = 1013

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
    for 5 s is closed with 4008.
    """

    def __init__(self, app: App, agent: Agent, *, stalled_s: float = STALLED_S) -> None:
        self._app = app
        self._agent = agent
        self._stalled_s = stalled_s
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        socket = Socket(scope, receive, send)
        try:
            await socket.accept()
            if self._count >= MOST:
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
        changed = self._agent.jobs.changed
        places: dict[str, _Place] = {}
        operations = OperationPlaces(self._agent.operations)
        done = {job.job_id for job in self._agent.jobs.all() if job.phase.final}
        seen = changed.count - 1
        while True:
            seen = await changed.wait(seen)
            for message in operations.messages():
                if not await self._send(socket, message):
                    return
            for job in self._agent.jobs.all():
                if job.job_id in done:
                    continue
                place = places.setdefault(job.job_id, _Place(job))
                over = job.phase.final
                for message in place.messages():
                    if not await self._send(socket, message):
                        return
                if over:
                    done.add(job.job_id)
                    del places[job.job_id]

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

    def __init__(self, job: Job) -> None:
        self._kind = job.spec.kind
        self._tails = (
            Tail(job.folder.work, limit=_READ_BYTES),
            Tail(job.folder.agent, limit=_READ_BYTES),
        )

    def messages(self) -> Iterator[str]:
        for tail in self._tails:
            while (batch := tail.read()) is not None:
                for line in batch.lines[:-1].split(b"\n"):
                    yield from messages(self._kind, line)


def messages(kind: str, line: bytes) -> Iterator[str]:
    """Yield an event's line, and again under its older tag where it has one. Pure."""
    yield line.decode("utf-8", "replace")
    older = _OLDER.get(kind)
    if older is None:
        return
    tag = older.get(codec.head(line).type)
    if tag is not None:
        event: dict[str, Any] = msgspec.json.decode(line)
        payload = event["payload"]
        flat = payload.get("metrics", payload) if isinstance(payload, dict) else payload
        yield msgspec.json.encode({**event, "type": tag, "payload": flat}).decode()
