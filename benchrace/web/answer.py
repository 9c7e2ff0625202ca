"""Answers of routes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from anyio import to_thread
from quart import Response

from benchrace.store.regular import open_regular

_READ_BYTES = 1 << 18


def answer(value: object, status: int = 200) -> Response:
    """Answer with a value as JSON."""
    return Response(msgspec.json.encode(value), status, content_type="application/json")


async def pieces_of(path: Path, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
    """Yield a file's content up to `stop`, as the body of an answer; raises OSError."""
    fd = await to_thread.run_sync(open_regular, path)
    try:
        while stop is None or start < stop:
            size = _READ_BYTES if stop is None else min(_READ_BYTES, stop - start)
            data = await to_thread.run_sync(os.pread, fd, size, start)
            if not data:
                return
            start += len(data)
            yield data
    finally:
        os.close(fd)
