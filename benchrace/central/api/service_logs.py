"""The logs of central, and of the agents beside it, over HTTP."""

import re
from pathlib import Path

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring, document_response

from benchrace.api import decoding
from benchrace.api.service import LogFile, LogList, LogQuery, LogTail
from benchrace.central.api.route_context import RouteContext
from benchrace.errors import NotFound
from benchrace.web import log_tail
from benchrace.web.answer import answer

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    def folder() -> Path:
        return site.central.settings.data / "logs"

    @app.get("/api/logs")
    @document_response(LogList)
    async def list_logs() -> Response:
        """List the logs of the services that were started on this data folder."""
        return answer(LogList(logs=await to_thread.run_sync(_logs, folder())))

    @app.get("/api/logs/<name>")
    @document_querystring(LogQuery)
    @document_response(LogTail)
    async def read_log(name: str) -> Response:
        """Return the end of a log, filtered by `q`, with tokens redacted."""
        query = decoding.query(dict(request.args), LogQuery)
        tail = await to_thread.run_sync(_tail, folder(), name, query, limiter=site.costly)
        return answer(tail)


def _logs(folder: Path) -> tuple[LogFile, ...]:
    files = []
    for path in sorted(folder.glob("*.log")):
        if not path.is_symlink() and path.is_file() and _NAME.fullmatch(path.stem):
            stat = path.stat()
            files.append(LogFile(name=path.stem, size=stat.st_size, changed_at=stat.st_mtime))
    return tuple(files)


def _tail(folder: Path, name: str, query: LogQuery) -> LogTail:
    if _NAME.fullmatch(name) is None:
        raise NotFound(f"invalid log name {name[:40]!r}", "GET /api/logs lists them.")
    try:
        return log_tail.tail(folder / f"{name}.log", query.lines, query.q)
    except OSError as error:
        raise NotFound(
            f"no log named {name!r}",
            "A service in a terminal logs there; one started in the background has a file.",
        ) from error
