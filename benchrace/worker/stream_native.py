"""A stream read by the Rust core: its thread stamps, this side hands out."""

import asyncio
from collections import deque

from benchrace.plugin.stream import Chunk, Lag, StreamEnd, StreamRequest, TimingSource
from benchrace.worker import stream_text
from benchrace.worker.stream_faults import end_of, failure, redirected
from benchrace.worker.stream_pool import Ready
from benchrace.worker.stream_request import Target, as_bytes
from benchrace.worker.stream_stamps import Row, Stamps

_GOOD = ("complete", "closed")


class NativeStream:
    """Implements `benchrace.plugin.Stream`."""

    def __init__(self, ready: Ready, request: StreamRequest, to: Target, stamps: Stamps) -> None:
        self.connect_ns = ready.connect_ns
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self._connection = ready.connection
        self._request = request
        self._to = to
        self._stamps = stamps
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._rows: deque[Row] = deque()
        self._ended: tuple[str, str] | None = None
        self._left = False
        self._listening = False

    async def start(self) -> None:
        """Send, and await the head; raises what `Streams.open` raises."""
        limits = self._request.limits
        begun = self._connection.begin(
            as_bytes(self._request, self._to),
            format=self._request.format,
            line_limit=limits.line_bytes,
            first_ns=int(limits.first_s * 1e9),
            idle_ns=int(limits.idle_s * 1e9),
            first_is_told=limits.first_is_told,
            bodiless=self._request.method == "HEAD",
        )
        if not begun:
            raise failure("reset", "the connection was closed before the request", self._where)
        self._listen()
        while (head := self._connection.head()) is None:
            if self._ended is not None:
                self._note()
                raise failure(*self._ended, self._where)
            await self._wait()
        self._note()
        self.status = head[0]
        self.headers = tuple((name, value.decode("latin-1")) for name, value in head[1])
        if 300 <= self.status < 400 and self.status != 304:
            raise redirected(self.status, self._where, dict(self.headers).get("location", ""))

    @property
    def t_send_ns(self) -> int:
        sent = self._connection.sent()
        return 0 if sent is None else sent[0]

    @property
    def send_source(self) -> TimingSource:
        sent = self._connection.sent()
        return TimingSource.KERNEL if sent is not None and sent[1] else TimingSource.USER

    @property
    def timing_source(self) -> TimingSource:
        reads, by_user = self._connection.lag()[0], self._connection.lag()[5]
        if by_user == 0 and reads:
            return TimingSource.KERNEL
        return TimingSource.USER if by_user == reads else TimingSource.MIXED

    @property
    def end(self) -> StreamEnd | None:
        if self._ended is not None:
            return end_of(self._ended[0])
        return StreamEnd.CANCELLED if self._left else None

    @property
    def rest(self) -> bytes:
        return self._connection.rest()

    @property
    def lag(self) -> Lag:
        reads, size, late_max, late_sum, bound, _, held, priority = self._connection.lag()
        return Lag(
            reads=reads,
            bytes=size,
            late_max_ns=late_max,
            late_mean_ns=late_sum // reads if reads else 0,
            bound_max_ns=bound,
            held_ns=held,
            priority=priority,
        )

    def first_content(self) -> None:
        self._connection.content()

    def __aiter__(self) -> "NativeStream":
        return self

    async def __anext__(self) -> Chunk:
        while not self._rows:
            if self._ended is not None:
                if self._ended[0] in _GOOD:
                    raise StopAsyncIteration
                raise failure(*self._ended, self._where)
            await self._wait()
        return Chunk._make(self._rows.popleft())

    async def text(self, most: int = 65_536) -> str:
        return await stream_text.read(self, most)

    def leave(self, *, keep: bool) -> bool:
        """Close at once, or say that the connection can serve another request."""
        self._left = True
        self._deafen()
        self._note()
        if keep and self._ended is not None and self._connection.renew():
            return True
        self._connection.close()
        return False

    @property
    def _where(self) -> str:
        return self._to.authority

    async def _wait(self) -> None:
        if self._left:
            raise RuntimeError("the stream was left: read it inside its `async with`")
        self._listen()
        self._news.clear()
        await self._news.wait()

    def _listen(self) -> None:
        if not self._listening:
            self._loop.add_reader(self._connection, self._heard)
            self._listening = True

    def _deafen(self) -> None:
        if self._listening:
            self._loop.remove_reader(self._connection)
            self._listening = False

    def _heard(self) -> None:
        if self._rows:
            # The backend is behind: what comes waits in the core, which slows down the engine
            # rather than filling the memory.
            self._deafen()
            return
        rows, self._ended = self._connection.take()
        self._stamps.add(rows)
        self._rows.extend(rows)
        self._news.set()
        if self._ended is not None:
            self._deafen()

    def _note(self) -> None:
        sent = self._connection.sent()
        if sent is not None:
            self._stamps.sent_ns = sent[0]
            self._stamps.source = self.timing_source
