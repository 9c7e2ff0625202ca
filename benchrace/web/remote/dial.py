"""Dialling a WebSocket, and dialling again; the socket is used as one that was accepted."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec
from anyio import to_thread
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from benchrace import structs
from benchrace.api.paths import LINK
from benchrace.errors import Failure, FieldError, InvalidInput, with_remedy
from benchrace.protocol.agent_central import MAX_MESSAGE_BYTES
from benchrace.protocol.liveness import KeepAlive
from benchrace.web.remote.link_tls import LinkTls
from benchrace.web.socket import SocketClosed

FIRST_S = 0.25
MAX_PAUSE_S = 15.0
STEADY_S = 10.0


class NotDialled(Exception):
    """No link was opened; the text says why, `status` is that of the answer, null for none."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class DialledSocket:
    """A WebSocket that was dialled, with the calls of `benchrace.web.socket.Socket`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        """Return the next message: text as `str`, binary as `bytes`; raises `SocketClosed`."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise _closed(error) from error

    async def send(self, data: str | bytes) -> None:
        """Send one message; it waits while the other side does not read."""
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise _closed(error) from error

    @property
    def own_address(self) -> str | None:
        """The IP address at this end, None where the connection is gone."""
        return _ip(self._connection.local_address)

    @property
    def peer(self) -> str | None:
        """The IP address at the other end, None where the connection is gone."""
        return _ip(self._connection.remote_address)

    async def close(self) -> None:
        """Close from this side."""
        await self._connection.close()


@asynccontextmanager
async def dialled(
    url: str, tls: LinkTls, token: str | None, keep: KeepAlive, other_side: str
) -> AsyncIterator[DialledSocket]:
    """Open a link to `url`, and close it at the end; raises `NotDialled`.

    `other_side` is what should answer there: `central` or `agent`. Raises BenchraceError where
    the files of `tls` cannot be used.
    """
    context = await to_thread.run_sync(tls.context)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        async with connect(
            url,
            ssl=context,
            additional_headers=headers,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=16,
            open_timeout=10,
            close_timeout=1,
            # The reply is what counts: a vanished peer takes what is sent for minutes.
            ping_interval=keep.ping_ns / 1e9,
            ping_timeout=(keep.close_ns - keep.ping_ns) / 1e9,
            proxy=None,
        ) as connection:
            yield DialledSocket(connection)
    except InvalidStatus as error:
        why = _turned_away(error, other_side)
        raise NotDialled(why, error.response.status_code) from error
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, WebSocketException) as error:
        explained = await to_thread.run_sync(tls.explain, error)
        why = explained or f"cannot be reached: {str(error) or type(error).__name__}"
        raise NotDialled(why) from error


def _ip(address: object) -> str | None:
    return str(address[0]) if isinstance(address, tuple) else None


def redial_s(failures: int, longest_s: float = MAX_PAUSE_S) -> float:
    """Return how long to wait before the next try; it doubles, and differs from one to another."""
    most_s: float = min(longest_s, FIRST_S * 2.0 ** min(failures, 16))
    return most_s * random.uniform(0.5, 1.0)


def link_url(base: str, key: str = "central_base_url") -> str:
    """Build the link's address from a server's; raises InvalidInput if that is not http(s).

    `key` is where the address was configured.
    """
    parts = urlsplit(base)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname or "@" in parts.netloc or parts.query:
        message = f"invalid address {base[:200]!r} (e.g. http://127.0.0.1:8080, without a user)"
        raise InvalidInput(FieldError(key, message))
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{LINK}"


def refusal(failure: Failure) -> str:
    """Return the words of the side that refused."""
    return f"refused: {with_remedy(failure.message, failure.remedy)}"


class _Problem(msgspec.Struct):
    error: Failure


def _turned_away(answer: InvalidStatus, other_side: str) -> str:
    """Return why no link was opened: in the words of benchrace, if that answered."""
    try:
        failure = structs.decode(answer.response.body or b"", _Problem).error
    except msgspec.DecodeError:
        status = answer.response.status_code
        return f"refused: the server there is not a benchrace {other_side} (status {status})"
    return refusal(failure)[:500]


def _closed(error: ConnectionClosed) -> SocketClosed:
    received = error.rcvd
    return SocketClosed(1006 if received is None else received.code)
