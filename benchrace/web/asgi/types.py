"""The types of ASGI, as far as the edge needs them, and answers below any framework."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from benchrace.web.address import is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Frameworks type their scopes in narrower words of their own.
App = Callable[[Any, Any, Any], Awaitable[None]]
# The key of a scope with the verified certificate of a client, None where it needed none.
CERTIFICATE = "benchrace.certificate"


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request's header; None where it is missing, the last where there are several."""
    text = None
    for key, value in scope["headers"]:
        if key.lower() == name:
            text = value.decode("latin-1")
    return text


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
    """Return the address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def is_local(scope: Scope) -> bool:
    """Check whether a request comes from this machine itself, and not through a proxy on it."""
    forwarded = any(
        key.lower() in (b"forwarded", b"via") or key.lower().startswith(b"x-forwarded-")
        for key, _ in scope["headers"]
    )
    return is_loopback(peer(scope)) and not forwarded
