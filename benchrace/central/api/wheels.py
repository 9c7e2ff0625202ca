"""Wheels for agents, over HTTP."""

from anyio import to_thread
from quart import Quart, Response
from quart_schema import document_response

from benchrace.api.paths import WHEELS
from benchrace.api.wheels import WheelList
from benchrace.central import wheels
from benchrace.central.api.route_context import RouteContext
from benchrace.store.regular import file_bytes
from benchrace.web.answer import answer, pieces_of


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""
    data = site.central.settings.data

    @app.get(WHEELS)
    @document_response(WheelList)
    async def list_wheels() -> Response:
        """List the wheels with which `benchrace agent update --from-central` updates agents."""
        return answer(WheelList(wheels=await to_thread.run_sync(wheels.listed, data)))

    @app.get(f"{WHEELS}/<name>")
    async def read_wheel(name: str) -> Response:
        """Return a wheel."""
        path = await to_thread.run_sync(wheels.path_of, data, name)
        response = Response(pieces_of(path), content_type="application/octet-stream")
        response.headers["Content-Length"] = str(await to_thread.run_sync(file_bytes, path))
        response.timeout = None
        return response
