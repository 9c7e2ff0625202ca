"""A stream read by the Rust core, whose thread stamps the chunks."""

import asyncio
from collections import deque

from benchrace.plugin.stream import Chunk, Lag, StreamEnd, StreamRequest, TimingSource
from benchrace.worker.stream import text
from benchrace.worker.stream.faults import end_of, failure, redirected
from benchrace.worker.stream.idle import Idle
from benchrace.worker.stream.pool import Ready
from benchrace.worker.stream.request import Target, as_bytes
from benchrace.worker.stream.stamps import Row, Stamps

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
        self._fault: BaseException | None = None
        self._listening = False
        self._idle = Idle(request.limits.idle_s, self._loop, self._idled)

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

    def content(self) -> None:
        if self._idle.note():
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
        return await text.read(self, most)

    def leave(self, *, keep: bool) -> bool:
        """Close at once, or say that the connection can serve another request."""
        self._left = True
        self._idle.stop()
        self._stop_listening()
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
        # All that came was read: whether it had content is known now.
        self._idle.check()
        if self._fault is not None:
            raise self._fault
        if self._rows or self._ended is not None:
            return
        self._listen()
        self._news.clear()
        await self._news.wait()

    def _idled(self) -> None:
        """End the stream for lack of content, once all was read that had come in time."""
        if self._ended is not None:
            return
        if not self._idle.drained:
            self._idle.drained = not self._rows
            self._on_readable()
            if self._rows or self._ended is not None:
                return
        self._ended = ("timeout_idle", f"the output stopped for {self._idle.limit_s:g} s")
        self._stop_listening()
        self._connection.close()
        self._news.set()

    def _listen(self) -> None:
        if not self._listening:
            self._loop.add_reader(self._connection, self._on_readable)
            self._listening = True

    def _stop_listening(self) -> None:
        if self._listening:
            self._loop.remove_reader(self._connection)
            self._listening = False

    def _on_readable(self) -> None:
        if self._rows:
            # The backend is behind: what comes waits in the core, which slows down the engine
            # rather than filling the memory.
            self._stop_listening()
            return
        try:
            rows, self._ended = self._connection.take()
            self._stamps.add(rows)
        except BaseException as error:  # noqa: BLE001 - raised where the stream is read
            # The loop only logs what a callback raises: whoever reads would wait for ever.
            self._fault = error
            self._stop_listening()
            self._connection.close()
            self._news.set()
            return
        self._rows.extend(rows)
        self._news.set()
        if self._ended is not None:
            self._stop_listening()

    def _note(self) -> None:
        sent = self._connection.sent()
        if sent is not None:
            self._stamps.sent_ns = sent[0]
            self._stamps.source = self.timing_source
