"""A growing log as server-sent events; a viewer costs an offset and at most one chunk."""

import re
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import anyio
import msgspec
from anyio import lowlevel

from benchrace.errors import Category
from benchrace.web.problem import Problem
from benchrace.web.shutdown import Shutdown

if TYPE_CHECKING:
    from quart import Response

CHUNK_BYTES = 1 << 16
# A viewer gets one frame in each interval of this length, unless it is behind. The intervals are
# the same for all viewers, so that those in step wake together and share their frame.
FRAME_S = 0.016
# A viewer that hears nothing for some of these knows that something is wrong.
PING_S = 2.0
MAX_VIEWERS = 256
# For how long one that was refused is to wait.
RETRY_AFTER_S = 5
_ID = re.compile(r"(?:(?P<epoch>[0-9]{1,18})-)?(?P<offset>[0-9]{1,18})")


class Source(Protocol):
    """A log that is read by offset in whole lines; `closed` once nothing will be added."""

    @property
    def size(self) -> int: ...

    @property
    def epoch(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    def read(self, offset: int, limit: int = ...) -> bytes: ...

    def is_line_start(self, offset: int) -> bool: ...

    async def changed(self, offset: int) -> None: ...


class Position(msgspec.Struct, frozen=True):
    """Where a viewer is: an offset, and the epoch it belongs to where the viewer knows it."""

    offset: int = 0
    epoch: int | None = None


class Frames:
    """Wraps lines as server-sent events; viewers that have read equally far share the last one."""

    def __init__(self) -> None:
        self._source: weakref.ref[Source] | None = None
        self._place = Position()
        self._last = (b"", 0)

    def after(self, source: Source, offset: int) -> tuple[bytes, int]:
        """Return the frame of the next lines, empty where there are none, and where it ends."""
        place = Position(offset, source.epoch)
        if self._place != place or self._source is None or self._source() is not source:
            lines = source.read(offset, CHUNK_BYTES)
            if not lines:
                return b"", offset
            end = offset + len(lines)
            self._source, self._place = weakref.ref(source), place
            self._last = (_framed(lines, f"{source.epoch}-{end}"), end)
        return self._last


class Viewers:
    """Counts the streams that are open, so that one too many is refused."""

    def __init__(self, most: int = MAX_VIEWERS) -> None:
        self.count = 0
        self.frames = Frames()
        self._most = most

    def check(self) -> None:
        """Raise 503 at the limit of viewers."""
        if self.count >= self._most:
            raise Problem(
                503,
                Category.BUSY,
                f"this central serves its limit of {self._most} viewers",
                "Close a page that is watching a race, or try again later. Stored lines can always "
                "be read with `Accept: application/x-ndjson`.",
                retry_after_s=RETRY_AFTER_S,
            )

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one viewer while it watches."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


def position(text: str | None) -> Position:
    """Parse `<epoch>-<offset>` or `<offset>`; raises 400 on anything else."""
    if text is None or text == "":
        return Position()
    match = _ID.fullmatch(text.strip())
    if match is None:
        raise Problem(
            400,
            Category.VALIDATION,
            f"invalid log position {text[:40]!r}",
            "Use an offset from an answer of this server.",
        )
    epoch = match["epoch"]
    return Position(int(match["offset"]), None if epoch is None else int(epoch))


def stream(
    source: Source,
    start: Position,
    *,
    shutdown: Shutdown,
    viewers: Viewers,
    snapshot_url: str,
    allowed: Callable[[], bool] = lambda: True,
) -> "Response":
    """Answer with the lines from `start` on, live; raises 503 over the limit of viewers.

    The stream ends when the viewer loses access; a new request then gets the reason.
    A frame has whole lines, each as one `data:`, and `id: <epoch>-<offset>` to resume from.
    `event: snapshot` means that the position is of another epoch, and says where to start;
    `event: end` means that the log is complete.
    """
    from quart import Response

    viewers.check()
    frames = _frames(source, start, shutdown, viewers, snapshot_url, allowed)
    response = Response(frames, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None
    return response


async def _frames(
    source: Source,
    start: Position,
    shutdown: Shutdown,
    viewers: Viewers,
    snapshot_url: str,
    allowed: Callable[[], bool],
) -> AsyncIterator[bytes]:
    with viewers.one():
        yield b"retry: 1000\n\n"
        epoch = source.epoch if start.epoch is None else start.epoch
        offset = start.offset
        if not source.is_line_start(offset):
            epoch = -1
        while not shutdown.requested and allowed():
            if source.epoch != epoch:
                yield _snapshot(source, snapshot_url)
                return
            data, offset = viewers.frames.after(source, offset)
            if data:
                next_s = (anyio.current_time() // FRAME_S + 1) * FRAME_S
                is_behind = offset < source.size
                yield data
                if is_behind:
                    # Sending returns at once while there is room: without this, each viewer would
                    # read all that there is before the next one, and none would share a frame.
                    await lowlevel.checkpoint()
                elif not source.closed:
                    with shutdown.waiting_until(next_s):
                        await anyio.sleep_forever()
            elif source.closed:
                yield b"event: end\ndata: {}\n\n"
                return
            else:
                with shutdown.waiting(PING_S):
                    await source.changed(offset)
                if source.size <= offset and not source.closed:
                    yield b": ping\n\n"


def _framed(lines: bytes, name: str) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (name.encode(), lines[:-1].replace(b"\n", b"\ndata: "))


def _snapshot(source: Source, url: str) -> bytes:
    place = {"epoch": source.epoch, "size": source.size, "url": url}
    return b"event: snapshot\ndata: " + msgspec.json.encode(place) + b"\n\n"
