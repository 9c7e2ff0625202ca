"""A central that the test itself plays: it hears hellos and frames, and says what it likes."""

import queue
import secrets
import threading
from types import TracebackType
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection
from websockets.sync.server import ServerConnection, serve

from benchrace.protocol import agent_central as m
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from benchrace.testing.limits import HANG_S


class Lines:
    """What central holds of one job: lines by stream, kept only where they follow on."""

    def __init__(self) -> None:
        self.streams: dict[str, list[bytes]] = {"work": [], "agent": []}
        self.frames: list[m.Frame] = []

    def add(self, frame: m.Frame, lines: bytes) -> None:
        self.frames.append(frame)
        held = self.streams[frame.stream]
        assert frame.first_seq <= len(held), "a gap"
        new = lines.splitlines()[len(held) - frame.first_seq :]
        held.extend(new)

    def types(self, stream: str) -> list[str]:
        return [msgspec.json.decode(line)["type"] for line in self.streams[stream]]


class Link:
    """One agent's connection; its messages are kept."""

    def __init__(self, socket: Connection, lines: dict[str, Lines]) -> None:
        self.socket = socket
        self.lines = lines
        self.phases: list[m.PhaseChanged] = []
        self.messages: list[m.FromAgent] = []
        hello = m.decode_from_agent(socket.recv(HANG_S))
        assert isinstance(hello, m.Hello)
        self.hello = hello

    def say(self, message: m.FromCentral) -> None:
        self.socket.send(m.encode(message))

    def welcome(self, resume: dict[str, dict[str, int]] | None = None) -> "Link":
        welcome = m.Welcome(protocol="1.0", version="0", instance="c", resume=resume or {})
        self.say(welcome)
        return self

    def take(self) -> m.FromAgent | m.Frame:
        """Hear one message."""
        data = self.socket.recv(HANG_S)
        if isinstance(data, bytes):
            frame, lines = m.unpack(data)
            self.lines.setdefault(frame.job, Lines()).add(frame, lines)
            return frame
        message = m.decode_from_agent(data)
        if isinstance(message, m.PhaseChanged):
            self.phases.append(message)
        self.messages.append(message)
        return message

    def until_phase(self, *phases: JobPhase) -> m.PhaseChanged:
        """Hear until the job is in one of `phases`."""
        while True:
            message = self.take()
            if isinstance(message, m.PhaseChanged) and message.phase in phases:
                return message

    def until(self, kind: type[Any]) -> Any:
        """Hear until a message of that kind."""
        while True:
            message = self.take()
            if isinstance(message, kind):
                return message

    def until_lines(self, job_id: str, count: int, stream: str = "work") -> None:
        """Hear until so many lines of a stream are held."""
        while len(self.lines.setdefault(job_id, Lines()).streams[stream]) < count:
            self.take()

    def cut(self) -> None:
        """Drop the connection without a word."""
        self.socket.socket.shutdown(2)


class FakeCentral:
    """Listens on a port of its own, or on one that it had before."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.lines: dict[str, Lines] = {}
        self._links: queue.Queue[Link] = queue.Queue()
        self._server = serve(self._handle, host, port, max_size=1 << 20, compression=None)
        self.port: int = self._server.socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def link(self) -> Link:
        """Return the next connection, once its hello has arrived."""
        return self._links.get(timeout=HANG_S)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()

    def __enter__(self) -> "FakeCentral":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        assert socket.request.path == "/api/v1/link"
        try:
            self._links.put(Link(socket, self.lines))
        except ConnectionClosed:
            return
        # The handler's return would close the connection, which is the test's.
        socket.recv_events_thread.join()


def job(*acts: str, lane: str = "lane-0", armed: bool = False) -> JobSpec:
    """Make a run's job for the scripted worker."""
    return JobSpec(
        run_id="2026-01-01_000000_abcdef",
        job_id="j" + secrets.token_hex(8),
        machine_id="m1",
        kind="acting",
        lanes=(JobLane(lane_id=lane, label=lane, backend="actor", params={"acts": list(acts)}),),
        schedule=(Slot(lane_id=lane, round=0, heat=0, armed=armed),),
        order=Order.CONTIGUOUS,
        salt="s",
        sampling_s=0,
    )
