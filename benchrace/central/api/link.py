"""The agents' link, a WebSocket beside central's application."""

from benchrace.api.paths import LINK
from benchrace.central.central import Central
from benchrace.web.asgi.types import CERTIFICATE, App, Receive, Scope, Send, is_local
from benchrace.web.socket import Socket, SocketClosed


def with_link(app: App, central: Central) -> App:
    """Serve the link of the agents."""
    # Below `app` and not in it, so that TCP holds a fast agent back.

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or scope["path"] != LINK:
            await app(scope, receive, send)
            return
        socket = Socket(scope, receive, send)
        try:
            await socket.accept()
            await central.link(
                socket,
                socket.peer,
                local=is_local(scope),
                certificate=scope.get(CERTIFICATE),
                tls=scope.get("scheme") == "wss",
            )
            await socket.close()
        except SocketClosed:
            return

    return routed
