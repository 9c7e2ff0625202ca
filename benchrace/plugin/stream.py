"""The stamped stream that a backend reads an engine's output from."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, NamedTuple, Protocol

import msgspec

_Seconds = Annotated[float, msgspec.Meta(gt=0, le=7 * 24 * 3600)]


class Format(StrEnum):
    """What a body is made of: lines as they are, JSON lines, or server-sent events."""

    LINES = "lines"
    NDJSON = "ndjson"
    SSE = "sse"


class StreamEnd(StrEnum):
    """How a stream ended. `complete` and `closed` are good ends; `closed` proves nothing.

    `complete`: with the last chunk, or at the content-length. `closed`: with the connection, where
    the answer tells no other end.
    """

    COMPLETE = "complete"
    CLOSED = "closed"
    TRUNCATED = "truncated"
    RESET = "reset"
    TIMED_OUT = "timed_out"
    BAD_OUTPUT = "bad_output"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TimingSource(StrEnum):
    """Who stamped arrivals: the kernel, this process after the read, or now one, now the other."""

    KERNEL = "kernel"
    USER = "user"
    MIXED = "mixed"


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in seconds and bytes.

    `first_s` counts from sending to the first chunk; with `first_is_told`, to the call of
    `Stream.first_content`, for engines that send lines without content before a long prefill.
    After that `idle_s` is the longest time without any byte; pings count as bytes. `texts`, where
    it is not 0, is the most chunks with text that an answer may have: whoever hears it counts them.
    """

    connect_s: _Seconds = 5.0
    first_s: _Seconds = 600.0
    idle_s: _Seconds = 120.0
    first_is_told: bool = False
    line_bytes: Annotated[int, msgspec.Meta(ge=1, le=64 << 20)] = 1 << 20
    texts: Annotated[int, msgspec.Meta(ge=0)] = 0


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request. Host, length, encoding (identity) and connection headers are not the backend's.

    `proxy` is the URL of a proxy; with it, as with https, stamps are taken in user space. Without
    `reuse` no connection of an earlier request serves: some engines say that they keep it, and
    close it.
    """

    url: str
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    format: Format = Format.NDJSON
    limits: StreamLimits = StreamLimits()
    proxy: str | None = None
    reuse: bool = True


class Chunk(NamedTuple):
    """A line without its newline, or the data of one event: bytes as they came.

    It arrived at `t_ns` (monotonic) or, where others came with it, since `not_before_ns`. `size`
    is what it took of the body, in bytes.
    """

    data: bytes
    t_ns: int
    not_before_ns: int
    size: int

    @property
    def bound_ns(self) -> int:
        """How much earlier it may have arrived."""
        return self.t_ns - self.not_before_ns


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How well the reader kept up. Stamps by the kernel are right however late the read was.

    `late_max_ns` and `late_mean_ns`: from stamp to read. `bound_max_ns`: widest bound of a chunk.
    `held_ns`: nothing was read because the backend took nothing, a pause that lasts included.
    `priority` of the thread: `realtime`, `raised` or `normal`.
    """

    reads: int = 0
    bytes: int = 0
    late_max_ns: int = 0
    late_mean_ns: int = 0
    bound_max_ns: int = 0
    held_ns: int = 0
    priority: str = "normal"


class Stream(Protocol):
    """An answer that is being read; iterate it for its chunks.

    An engine that is faster than its reader is held back (`Lag.held_ns`); what waits takes at most
    24 MiB and four times `line_bytes`. Over TLS or a proxy, hardly anything is read ahead.

    Iteration raises `BenchraceError` where the stream does not end well: `timeout_first`,
    `timeout_idle`, `ended_early`, `stream_error`, `bad_output`. What came before it is kept.
    """

    @property
    def status(self) -> int:
        """The HTTP status; redirects were refused. What is no 2xx is read as lines."""
        ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers in their order, names in small letters."""
        ...

    @property
    def connect_ns(self) -> int:
        """What connecting took, before the request and apart from it; 0 on a kept connection."""
        ...

    @property
    def t_send_ns(self) -> int:
        """When the first byte of the request was sent on the warm connection, monotonic."""
        ...

    @property
    def send_source(self) -> TimingSource:
        """Who stamped `t_send_ns`."""
        ...

    @property
    def timing_source(self) -> TimingSource:
        """Who stamped the chunks so far."""
        ...

    @property
    def end(self) -> StreamEnd | None:
        """How it ended, None while it is open."""
        ...

    @property
    def rest(self) -> bytes:
        """What had come of a line that never became complete, at most 4 KiB."""
        ...

    @property
    def lag(self) -> Lag:
        """How well the reader has kept up so far."""
        ...

    def first_content(self) -> None:
        """Say that the first content has come (see `StreamLimits.first_is_told`)."""
        ...

    def __aiter__(self) -> AsyncIterator[Chunk]: ...

    async def __anext__(self) -> Chunk: ...

    async def text(self, most: int = 65_536) -> str:
        """Read on to the end and give what came as text, for errors; cut at `most` bytes."""
        ...


class Streams(Protocol):
    """Opens streams. Connections are kept for a moment, so that requests may follow at once."""

    async def prepare(self, url: str, *, connect_s: float = 5.0) -> int:
        """Connect ahead of the next `open`; gives the nanoseconds that it took.

        Raises `unreachable` or `timeout_connect`.
        """
        ...

    def open(self, request: StreamRequest) -> AbstractAsyncContextManager[Stream]:
        """Connect, send and await the answer's head; leaving closes the stream at once.

        Raises `validation`, `unreachable`, `timeout_connect`, and what iteration raises.
        """
        ...
