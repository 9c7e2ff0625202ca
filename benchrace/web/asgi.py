"""The types of ASGI, as far as the edge needs them, and answers below any framework."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Frameworks type their scopes in narrower words of their own.
App = Callable[[Any, Any, Any], Awaitable[None]]


def header(scope: Scope, name: bytes) -> str | None:
    """Give a request's header, None where it is missing; the last one where there are several."""
    found = None
    for key, value in scope["headers"]:
        if key.lower() == name:
            found = value.decode("latin-1")
    return found


async def answer(
    scope: Scope,
    send: Send,
    status: int,
    content_type: str,
    body: bytes,
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answer a request, or refuse a WebSocket's handshake in the same words.

    `more` are further headers.

    The connection is closed: of a request that was not read to its end nothing can follow.
    """
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *more,
    ]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})


def peer(scope: Scope) -> str:
    """Give the address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
