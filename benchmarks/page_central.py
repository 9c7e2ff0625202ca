"""A stand-in central for the page: the few routes that the page of one race requests."""

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve as run_server
from hypercorn.config import Config, Sockets
from quart import Quart, Response

from benchmarks.page_race import Race
from benchrace.central.api.page import POLICY

KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}


def serve(ready: Connection, page: str, race: Race) -> None:
    """Serve until killed; sends its port."""
    asyncio.run(_serve(ready, Path(page), race))


async def _serve(ready: Connection, page: Path, race: Race) -> None:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    sockets: Sockets = config.create_sockets()
    config.create_sockets = lambda: sockets  # type: ignore[method-assign]
    ready.send(sockets.insecure_sockets[0].getsockname()[1])
    await run_server(app(page, race), config)


def app(page: Path, race: Race) -> Quart:
    """Create the server with the few routes that the page of one race requests."""
    server = Quart(__name__, static_folder=None)
    files = {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.is_file()}

    @server.get("/api/runs/text")
    async def run() -> dict[str, Any]:
        return race.document()

    @server.get("/api/runs/text/events")
    async def events() -> Response:
        answer = Response(race.frames(), content_type="text/event-stream")
        answer.timeout = None
        return answer

    @server.get("/api/session")
    async def session() -> dict[str, Any]:
        return {"asks": False, "right": "operate", "watch": "nobody", "expires_at": None}

    @server.get("/<path:name>")
    async def file(name: str) -> Response:
        body = files.get(name) or files["index.html"]
        kind = KINDS.get(body.suffix, "application/octet-stream")
        headers = {"Content-Security-Policy": POLICY}
        return Response(body.read_bytes(), content_type=kind, headers=headers)

    return server
