"""A stream over TLS or a proxy, stamped in this process after the read, before any parsing."""

import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import anyio
import httpcore

from benchrace.core import Splitter, StreamFault, monotonic_ns
from benchrace.plugin.stream import (
    Chunk,
    Format,
    Lag,
    StreamEnd,
    StreamRequest,
    TimingSource,
)
from benchrace.worker.stream import text
from benchrace.worker.stream.faults import end_of, failure, redirected, untrusted
from benchrace.worker.stream.request import Target
from benchrace.worker.stream.stamps import Row, Stamps
from benchrace.worker.stream.wire import StampingBackend, Wire

T = TypeVar("T")


@asynccontextmanager
async def open_client(
    request: StreamRequest, to: Target, stamps: Stamps
) -> AsyncIterator["ClientStream"]:
    """Send on a connection of its own, which closes with the stream."""
    wire = Wire()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            httpcore.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                proxy=None if request.proxy is None else httpcore.Proxy(request.proxy),
                network_backend=StampingBackend(wire),
            )
        )
        stream = ClientStream(request, to, wire, stamps)
        try:
            await stream.start(pool, stack)
            yield stream
        finally:
            stream.leave()


class ClientStream:
    """Implements `benchrace.plugin.Stream`."""

    send_source = TimingSource.USER
    timing_source = TimingSource.USER

    def __init__(self, request: StreamRequest, to: Target, wire: Wire, stamps: Stamps) -> None:
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.end: StreamEnd | None = None
        self._request = request
        self._to = to
        self._wire = wire
        self._stamps = stamps
        self._rows: deque[Row] = deque()
        self._splitter = Splitter(request.format, request.limits.line_bytes)
        self._pieces: AsyncIterator[bytes] | None = None
        self._content_ns: int | None = None

    async def start(self, pool: httpcore.AsyncConnectionPool, stack: AsyncExitStack) -> None:
        """Connect, send, and await the head; raises what `Streams.open` raises."""
        limits, request = self._request.limits, self._request
        opened = pool.stream(
            request.method,
            self._to.url,
            headers=[*request.headers, *self._headers()],
            content=request.body or None,
            extensions={
                "timeout": {"connect": limits.connect_s, "write": limits.first_s},
                "trace": self._wire.trace,
            },
        )
        response = await self._within(
            lambda: stack.enter_async_context(opened), limits.connect_s + limits.first_s
        )
        self._stamps.sent_ns = self._wire.sent_ns
        self.status = response.status
        self.headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in response.headers
        )
        headers = dict(self.headers)
        if 300 <= self.status < 400 and self.status != 304:
            raise redirected(self.status, self._to.authority, headers.get("location", ""))
        encoding = headers.get("content-encoding", "identity").lower()
        if encoding not in ("", "identity"):
            raise self._fail("bad_output", f"the answer is encoded as {encoding!r:.80}")
        if not 200 <= self.status < 300:
            self._splitter = Splitter(Format.LINES, limits.line_bytes)
        self._pieces = response.aiter_stream()

    @property
    def connect_ns(self) -> int:
        return self._wire.connected_ns - self._wire.connecting_ns

    @property
    def t_send_ns(self) -> int:
        return self._wire.sent_ns or 0

    @property
    def rest(self) -> bytes:
        return self._splitter.rest()

    @property
    def lag(self) -> Lag:
        return Lag(reads=self._wire.reads, bytes=self._wire.bytes)

    def content(self) -> None:
        self._content_ns = monotonic_ns()

    def __aiter__(self) -> "ClientStream":
        return self

    async def __anext__(self) -> Chunk:
        while not self._rows:
            if self.end in (StreamEnd.COMPLETE, StreamEnd.CLOSED):
                raise StopAsyncIteration
            await self._read()
        return Chunk._make(self._rows.popleft())

    async def text(self, most: int = 65_536) -> str:
        return await text.read(self, most)

    def leave(self) -> None:
        """Set how it ended, where it did not end by itself."""
        if self.end is None:
            self.end = StreamEnd.CANCELLED

    async def _read(self) -> None:
        pieces = self._pieces
        if pieces is None:
            raise RuntimeError("the stream was not opened")
        try:
            piece = await self._within(lambda: anext(pieces, None), self._left_s())
            rows = self._split(piece)
        except StreamFault as fault:
            raise self._fail(*fault.args) from None
        self._stamps.add(rows)
        self._rows.extend(rows)
        if rows and not self._request.limits.first_is_told:
            self._content_ns = self._wire.heard_ns

    def _split(self, piece: bytes | None) -> list[Row]:
        if piece is not None:
            return self._splitter.feed(piece, self._wire.heard_ns)
        framed = {"content-length", "transfer-encoding"} & {name for name, _ in self.headers}
        self.end = StreamEnd.COMPLETE if framed else StreamEnd.CLOSED
        return self._splitter.finish(self._wire.heard_ns)

    def _left_s(self) -> float:
        limits, now = self._request.limits, monotonic_ns()
        if self._content_ns is not None:
            return limits.idle_s - (now - self._content_ns) / 1e9
        return limits.first_s - (now - self.t_send_ns) / 1e9

    async def _within(self, work: Callable[[], Awaitable[T]], limit_s: float) -> T:
        """Await `work()`, and give what goes wrong its category."""
        try:
            with anyio.move_on_after(max(0.0, limit_s)):
                return await work()
        except httpcore.ConnectTimeout as error:
            limit = self._request.limits.connect_s
            raise self._fail("timeout_connect", f"no connection within {limit:g} s") from error
        except httpcore.ConnectError as error:
            failed = self._fail("unreachable", f"no connection: {error}")
            raise untrusted(self._to.authority, error) or failed from error
        except httpcore.RemoteProtocolError as error:
            closed = "closed" in str(error) or "disconnected" in str(error)
            raise self._fail("truncated" if closed else "bad_output", str(error)) from error
        except httpcore.ReadError as error:
            raise self._fail("reset", "the connection was reset by the other side") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProxyError) as error:
            raise self._fail("failed", f"the connection failed: {error}") from error
        if self._content_ns is not None:
            idle = self._request.limits.idle_s
            raise self._fail("timeout_idle", f"the output stopped for {idle:g} s")
        raise self._fail("timeout_first", f"no output within {self._request.limits.first_s:g} s")

    def _fail(self, kind: str, message: str) -> Exception:
        self.end = end_of(kind)
        return failure(kind, message, self._to.authority)

    def _headers(self) -> list[tuple[str, str]]:
        ours = [("Host", self._to.authority), ("Accept-Encoding", "identity")]
        if self._request.body or self._request.method not in ("GET", "HEAD", "DELETE"):
            ours.append(("Content-Length", str(len(self._request.body))))
        return ours
