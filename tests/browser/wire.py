"""What lies between a page and its central: a wire that can be cut, and mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import anyio
from anyio.abc import ByteStream, SocketStream, TaskGroup


class Wire:
    """Passes everything on, both ways, until it is cut; `port` stays the same over its life."""

    def __init__(self, to: int, group: TaskGroup) -> None:
        self.port = 0
        self._to = to
        self._group = group
        self._listening: anyio.CancelScope | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator[Self]:
        """Lay a wire to the server at `url`."""
        async with anyio.create_task_group() as group:
            wire = cls(int(url.rpartition(":")[2]), group)
            await wire.mend()
            yield wire
            wire.cut()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Drop every connection, and refuse new ones."""
        if self._listening is not None:
            self._listening.cancel()

    async def mend(self) -> None:
        """Allow connections through again."""
        await self._group.start(self._listen)

    async def _listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        listener = await anyio.create_tcp_listener(
            local_host="127.0.0.1", local_port=self.port, reuse_port=True
        )
        self.port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with anyio.CancelScope() as self._listening:
            async with listener:
                task_status.started()
                await listener.serve(self._pass_on)

    async def _pass_on(self, page: SocketStream) -> None:
        async with (
            page,
            await anyio.connect_tcp("127.0.0.1", self._to) as central,
            anyio.create_task_group() as both,
        ):
            both.start_soon(_copy, page, central, both)
            both.start_soon(_copy, central, page, both)


async def _copy(source: ByteStream, sink: ByteStream, both: TaskGroup) -> None:
    try:
        async for piece in source:
            await sink.send(piece)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # whichever side went first, the other goes too
    both.cancel_scope.cancel()
