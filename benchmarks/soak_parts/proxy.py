"""Links that can be cut: each machine reaches central through a port of its own."""

import asyncio
import threading
from collections.abc import Callable

_CHUNK = 1 << 16


class Proxies:
    """Forwards each of its ports to the port that `target` names at the time."""

    def __init__(self, count: int, target: Callable[[], int]) -> None:
        self._count = count
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: list[set[asyncio.StreamWriter]] = [set() for _ in range(count)]
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.ports: list[int] = []

    def __enter__(self) -> "Proxies":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self, number: int) -> None:
        """Reset all connections of a port."""

        def abort() -> None:
            for writer in self._writers[number]:
                writer.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    async def _open(self) -> None:
        for number in range(self._count):

            async def connected(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int = number
            ) -> None:
                await self._forward(number, reader, writer)

            server = await asyncio.start_server(connected, "127.0.0.1", 0)
            self._servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for writers in self._writers:
            for writer in tuple(writers):
                writer.transport.abort()

    async def _forward(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            writer.transport.abort()
            return
        both = {writer, back}
        self._writers[number] |= both
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            self._writers[number] -= both


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
