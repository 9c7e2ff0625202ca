"""A run's log over HTTP."""

from collections.abc import AsyncIterator, Callable
from typing import cast

from anyio import to_thread
from quart import Quart, Response, request

from benchrace.central.api.route_context import RouteContext
from benchrace.errors import Category
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog, StoredLog
from benchrace.web import sse
from benchrace.web.asgi.types import Scope
from benchrace.web.problem import Problem

NDJSON = "application/x-ndjson"


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/runs/<run_id>/events")
    async def read_events(run_id: str) -> Response:
        """Return the stored lines from `?after=` to `?until=`, or stream them live, by `Accept`."""
        log = await _log(site, run_id)
        last = request.headers.get("Last-Event-ID")
        start = sse.position(last or request.args.get("after"))
        if "text/event-stream" not in request.headers.get("Accept", ""):
            return _stored(log, start, request.args.get("until"))
        if last and log.closed and (start.epoch, start.offset) == (log.epoch, log.size):
            return Response(b"", status=204)  # An EventSource that comes back has all of it.
        return sse.stream(
            log,
            start,
            shutdown=site.shutdown,
            viewers=site.viewers,
            snapshot_url=f"/api/runs/{run_id}",
            allowed=_allowed(site),
        )


async def _log(site: RouteContext, run_id: str) -> RunLog | StoredLog:
    live = site.central.live(run_id)
    if live is not None:
        return live.log

    def stored() -> StoredLog:
        folder = RunFolder.open(site.central.runs_dir, run_id)
        return StoredLog(folder.log_path, folder.metadata.epoch)

    return await to_thread.run_sync(stored)


def _allowed(site: RouteContext) -> Callable[[], bool]:
    if site.access is None:
        return lambda: True
    return site.access.lasting(cast(Scope, request.scope))


def _stored(log: RunLog | StoredLog, start: sse.Position, until: str | None) -> Response:
    size = log.size
    end = sse.position(until).offset if until else size
    for place in (start, sse.position(until)):
        if not log.is_line_start(place.offset) or place.epoch not in (None, log.epoch):
            raise Problem(
                422,
                Category.VALIDATION,
                f"no line of this log begins at {place.offset}",
                "Start from 0, or from the `offset` that the run's document names.",
            )

    async def lines() -> AsyncIterator[bytes]:
        offset = start.offset
        while offset < end and (chunk := log.read(offset)[: end - offset]):
            offset += len(chunk)
            yield chunk

    response = Response(lines(), content_type=NDJSON)
    response.headers["Benchrace-Epoch"] = str(log.epoch)
    response.headers["Benchrace-Offset"] = str(size)
    # Stored lines of an epoch never change, so their positions identify them.
    response.headers["ETag"] = f'"{log.epoch}-{start.offset}-{end}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept"
    response.timeout = None
    return response
