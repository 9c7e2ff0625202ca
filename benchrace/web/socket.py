"""A WebSocket below any framework, so that a slow reader slows the sender's TCP."""

from collections.abc import Awaitable
from typing import Protocol

from benchrace.web.asgi.types import Receive, Scope, Send


class SocketClosed(Exception):
    """The other side has gone; `code` as RFC 6455 has it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the socket was closed with {code}")
        self.code = code


class LinkSocket(Protocol):
    """A WebSocket, dialled or accepted: text as `str`, binary as `bytes`.

    Both calls raise `SocketClosed` at its end.
    """

    def receive(self) -> Awaitable[str | bytes]: ...

    def send(self, data: str | bytes) -> Awaitable[None]: ...


class AddressedSocket(LinkSocket, Protocol):
    """A link of which the IP address at this end can be told."""

    @property
    def own_address(self) -> str | None: ...


class Socket:
    """Accept first; then `receive` and `send` text or bytes, until `SocketClosed`."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        self.peer: str = client[0] if client else "unknown"
        server = scope.get("server")
        self.own_address: str | None = server[0] if server else None
        self._receive = receive
        self._send = send
        self._closed = False

    async def accept(self) -> None:
        """Answer the handshake; raises `SocketClosed` where the other side gave up."""
        message = await self._receive()
        if message["type"] != "websocket.connect":
            raise SocketClosed(1006)
        await self._send({"type": "websocket.accept", "subprotocol": None, "headers": []})

    async def receive(self) -> str | bytes:
        """Return the next message: text as `str`, binary as `bytes`."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._closed = True
            raise SocketClosed(int(message.get("code") or 1005))
        data = message.get("bytes")
        return message["text"] if data is None else bytes(data)

    async def send(self, data: str | bytes) -> None:
        """Send one message; it waits while the other side does not read."""
        if self._closed:
            raise SocketClosed(1006)
        text, raw = (data, None) if isinstance(data, str) else (None, data)
        await self._send({"type": "websocket.send", "text": text, "bytes": raw})

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close from this side; closing twice does nothing."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})
