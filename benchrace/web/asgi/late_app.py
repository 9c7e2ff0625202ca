"""An application that is built in the background, because importing its framework takes long."""

from collections.abc import Callable

import anyio
from anyio import to_thread

from benchrace.web.asgi.framework import imported_alone
from benchrace.web.asgi.types import App, Receive, Scope, Send


class LateApp:
    """Requests wait until `build`, which runs in a thread, has returned the application."""

    def __init__(self, build: Callable[[], App]) -> None:
        self._build = build
        self._app: App | None = None
        self._lock = anyio.Lock()

    async def load(self) -> App:
        """Return the application, built at the first call."""
        async with self._lock:
            if self._app is None:
                self._app = await to_thread.run_sync(imported_alone, self._build)
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        app = self._app or await self.load()
        await app(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Answer for the application, which has nothing to do at the server's start and end."""
    while True:
        match await receive():
            case {"type": "lifespan.startup"}:
                await send({"type": "lifespan.startup.complete"})
            case {"type": "lifespan.shutdown"}:
                await send({"type": "lifespan.shutdown.complete"})
                return
