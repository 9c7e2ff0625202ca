"""Shutdown of a server with open streams and sockets: first a request, then cancellation."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
from anyio.lowlevel import checkpoint

from benchrace.web.asgi.types import App, Message, Receive, Scope, Send

GOING_AWAY = 1001
_SPOKEN = frozenset({"websocket.send", "websocket.close"})


class Shutdown:
    """The shutdown of a server, as its requests see it.

    A stream waits inside `waiting()`, and ends by itself once `requested`; a WebSocket is closed
    with 1001. What is left after the grace is cancelled.
    """

    def __init__(self) -> None:
        self.requested = False
        self._waiting: set[anyio.CancelScope] = set()
        self._serving: set[anyio.CancelScope] = set()
        self._sockets: set[Send] = set()

    def around(self, app: App) -> App:
        """Return `app`, with its requests tracked here."""

        async def tracked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
                return
            with anyio.CancelScope() as cancel:
                self._serving.add(cancel)
                try:
                    async with self._watched(send) as watched:
                        await app(scope, receive, watched)
                finally:
                    self._serving.discard(cancel)

        return tracked

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Wait for something inside; leaves early at the time or at the server's end."""
        with self.waiting_until(anyio.current_time() + seconds):
            yield

    @contextmanager
    def waiting_until(self, deadline_s: float) -> Iterator[None]:
        """Wait for something inside until a time of the event loop, or the server's end."""
        with anyio.CancelScope(deadline=float("-inf") if self.requested else deadline_s) as scope:
            self._waiting.add(scope)
            try:
                yield
            finally:
                self._waiting.discard(scope)

    async def request(self) -> None:
        """Notify every stream and socket that the server is stopping."""
        self.requested = True
        for scope in tuple(self._waiting):
            scope.cancel()
        async with anyio.create_task_group() as group:
            group.cancel_scope.deadline = anyio.current_time() + 0.5
            for send in tuple(self._sockets):
                group.start_soon(_close, send)

    def cancel(self) -> None:
        """Cancel the requests that are still served."""
        for scope in tuple(self._serving):
            scope.cancel()

    @asynccontextmanager
    async def _watched(self, send: Send) -> AsyncIterator[Send]:
        async def watched(message: Message) -> None:
            if self.requested and message["type"] in _SPOKEN:
                return  # It was closed from here already.
            await send(message)
            match message["type"]:
                case "http.response.body":
                    # To a peer that has gone the server's send returns at once: let others run.
                    await checkpoint()
                case "websocket.accept":
                    self._sockets.add(send)
                case "websocket.close":
                    self._sockets.discard(send)

        try:
            yield watched
        finally:
            self._sockets.discard(send)


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": GOING_AWAY, "reason": "the server ends"})
