"""The socket on which a server reports progress: a hint, which every prompt can do without."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from benchrace.plugin import Clock
from benchrace_comfyui.prompt.preview import WANTS_METADATA

_OPEN_S = 5.0
# Previews of large images; any other message has some kilobytes.
_MAX_BYTES = 16 << 20


class Frame(NamedTuple):
    """A message as it came, stamped on arrival by the agent's clock."""

    t_ns: int
    data: str | bytes


class Socket:
    """An open socket; iterate over it for its frames, until either side closes it."""

    def __init__(self, connection: ClientConnection, clock: Clock, first: Frame) -> None:
        self._connection = connection
        self._clock = clock
        self._first = first

    async def __aiter__(self) -> AsyncIterator[Frame]:
        yield self._first
        while True:
            try:
                data = await self._connection.recv()
            except ConnectionClosed:
                return
            yield Frame(self._clock.monotonic_ns(), data)


@asynccontextmanager
async def listening(
    base: str, client_id: str, clock: Clock, *, previews: bool = False
) -> AsyncIterator[Socket | str]:
    """Open the socket of a client; yield why it cannot be opened where that is so.

    The server sends a first message once it knows the client: what is queued before that is
    reported to nobody.
    """
    try:
        connection = await _connect(base, client_id)
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
        yield f"its socket cannot be opened: {str(error) or type(error).__name__}"
        return
    try:
        try:
            with anyio.fail_after(_OPEN_S):
                if previews:
                    await connection.send(WANTS_METADATA)
                data = await connection.recv()
        except (ConnectionClosed, TimeoutError):
            yield "its socket does not answer"
            return
        yield Socket(connection, clock, Frame(clock.monotonic_ns(), data))
    finally:
        # A frozen server does not answer the closing handshake.
        connection.transport.abort()


async def _connect(base: str, client_id: str) -> ClientConnection:
    parts = urlsplit(base)
    secure = parts.scheme == "https"
    return await connect(
        f"{'wss' if secure else 'ws'}://{parts.netloc}{parts.path}/ws?clientId={client_id}",
        open_timeout=_OPEN_S,
        # The server sends no pings, and its loop stands still for up to a second.
        ping_interval=None,
        compression=None,
        max_size=_MAX_BYTES,
        proxy=None,
        ssl=ssl.create_default_context() if secure else None,
    )
