"""`context.stream`: plain HTTP by the Rust reader, TLS and proxies by a client in Python."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchrace.plugin.stream import Stream, StreamRequest
from benchrace.worker.stream.request import Target, check, target
from benchrace.worker.stream.stamps import RoundStamps

if TYPE_CHECKING:
    from benchrace.worker.stream.pool import Pool


class WorkerStreams:
    """Implements `benchrace.plugin.Streams`; what is opened in a round is kept in `stamps`."""

    def __init__(self, stamps: RoundStamps | None = None) -> None:
        self._stamps = RoundStamps() if stamps is None else stamps
        self._pool: Pool | None = None

    async def prepare(self, url: str, *, connect_s: float = 5.0) -> int:
        to = target(url)
        if to.secure:
            # Its client connects ahead of each request by itself, and says how long that took.
            return 0
        return await self._native().prepare(to, connect_s)

    @asynccontextmanager
    async def open(self, request: StreamRequest) -> AsyncIterator[Stream]:
        to = check(request)
        stamps = self._stamps.request()
        if _is_foreign(request, to):
            from benchrace.worker.stream.client import open_client

            async with open_client(request, to, stamps) as stream:
                yield stream
            return
        from benchrace.worker.stream.native import NativeStream

        limit_s = request.limits.connect_s
        connection = await self._native().take(to, limit_s, reuse=request.reuse)
        native = NativeStream(connection, request, to, stamps)
        try:
            await native.start()
            yield native
        finally:
            if native.leave(keep=request.reuse):
                self._native().give_back(to, connection.connection)

    def close(self) -> None:
        """Close what is kept. Streams that are open close themselves."""
        if self._pool is not None:
            self._pool.close()

    def _native(self) -> "Pool":
        if self._pool is None:
            # The compiled reader is loaded where something is read, and nowhere else.
            from benchrace.worker.stream.pool import Pool

            self._pool = Pool()
        return self._pool


def _is_foreign(request: StreamRequest, to: Target) -> bool:
    return to.secure or request.proxy is not None
