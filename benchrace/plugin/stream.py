"""The timestamped stream from which a backend reads an engine's output."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, NamedTuple, Protocol

import msgspec

_Seconds = Annotated[float, msgspec.Meta(gt=0, le=7 * 24 * 3600)]


class Format(StrEnum):
    """The format of a body: plain lines, JSON lines, or server-sent events."""

    LINES = "lines"
    NDJSON = "ndjson"
    SSE = "sse"


class StreamEnd(StrEnum):
    """How a stream ended; `complete` and `closed` are good ends, but `closed` proves nothing.

    `complete`: with the last chunk, or at the content-length. `closed`: with the connection, if
    the response marks its end in no other way.
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
    """What timestamped the arrivals: the kernel, this process after the read, or both by turns."""

    KERNEL = "kernel"
    USER = "user"
    MIXED = "mixed"


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in seconds and bytes.

    `first_s` counts from sending to the first content, and `idle_s` is the longest time without
    content after that. Every chunk is content; with `first_is_told` only those for which
    `Stream.content` is called, for engines that send lines without text. Bytes outside of chunks,
    like the comments that keep a silent stream open, are never content. `texts`, unless it is 0,
    is the maximum number of chunks with text in an answer; its reader counts them.
    """

    connect_s: _Seconds = 5.0
    first_s: _Seconds = 600.0
    idle_s: _Seconds = 120.0
    first_is_told: bool = False
    line_bytes: Annotated[int, msgspec.Meta(ge=1, le=64 << 20)] = 1 << 20
    texts: Annotated[int, msgspec.Meta(ge=0)] = 0


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request; its host, length, encoding (identity) and connection headers are set for it.

    `proxy` is the URL of a proxy; with it, as with https, timestamps are taken in user space.
    Without `reuse` the request opens a connection of its own: some engines announce that they keep
    a connection, and then close it.
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
    """A line without its newline, or the data of one event, as raw bytes.

    It arrived at `t_ns` (monotonic) or, if others came in the same read, between `not_before_ns`
    and then. `size` is its share of the body in bytes; `event` is the event's name, if any.
    """

    data: bytes
    t_ns: int
    not_before_ns: int
    size: int
    event: str = ""

    @property
    def bound_ns(self) -> int:
        """How much earlier it may have arrived."""
        return self.t_ns - self.not_before_ns


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How well the reader kept up; timestamps by the kernel are right however late the read was.

    `late_max_ns` and `late_mean_ns`: from timestamp to read. `bound_max_ns`: widest bound of a
    chunk. `held_ns`: time without reading because the backend consumed nothing, up to now.
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
    """A response that is being read; iterate over it for its chunks.

    An engine that is faster than its reader is held back (`Lag.held_ns`); the buffers take at most
    24 MiB plus four times `line_bytes`. Over TLS or a proxy, hardly anything is read ahead.

    Iteration raises `BenchraceError` if the stream does not end well: `timeout_first`,
    `timeout_idle`, `ended_early`, `stream_error`, `bad_output`. The data before it is kept.
    """

    @property
    def status(self) -> int:
        """The HTTP status; redirects are not followed. Any other than 2xx is read as lines."""
        ...

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers in order, with names in lower case."""
        ...

    @property
    def connect_ns(self) -> int:
        """How long connecting took, before the request; 0 on a reused connection."""
        ...

    @property
    def t_send_ns(self) -> int:
        """When the first byte of the request was sent on the open connection, monotonic."""
        ...

    @property
    def send_source(self) -> TimingSource:
        """What timestamped `t_send_ns`."""
        ...

    @property
    def timing_source(self) -> TimingSource:
        """What timestamped the chunks so far."""
        ...

    @property
    def end(self) -> StreamEnd | None:
        """How it ended; None while it is open."""
        ...

    @property
    def rest(self) -> bytes:
        """Received data that belongs to no chunk, at most 4 KiB; with SSE, all but the events."""
        ...

    @property
    def lag(self) -> Lag:
        """How well the reader has kept up so far."""
        ...

    def content(self) -> None:
        """Report that a chunk had content (see `StreamLimits.first_is_told`)."""
        ...

    def __aiter__(self) -> AsyncIterator[Chunk]: ...

    async def __anext__(self) -> Chunk: ...

    async def text(self, most: int = 65_536) -> str:
        """Read to the end and return the text, for errors; truncated to `most` bytes."""
        ...


class Streams(Protocol):
    """Opens streams; connections are kept open briefly for requests that follow at once."""

    async def prepare(self, url: str, *, connect_s: float = 5.0) -> int:
        """Connect ahead of the next `open`; return how long it took, in ns.

        Raises `unreachable` or `timeout_connect`.
        """
        ...

    def open(self, request: StreamRequest) -> AbstractAsyncContextManager[Stream]:
        """Connect, send, and wait for the response's head; leaving closes the stream at once.

        Raises `validation`, `unreachable`, `timeout_connect`, and what iteration raises.
        """
        ...
