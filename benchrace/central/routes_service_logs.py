"""The logs of central, and of the agents beside it, over HTTP."""

import re
from pathlib import Path

import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring, document_response

from benchrace.central.site import Site, answer
from benchrace.errors import NotFound
from benchrace.web import body, log_tail
from benchrace.web.log_tail import LogTail

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """`changed_at` is wall seconds."""

    name: str
    size: int
    changed_at: float


class LogList(msgspec.Struct, frozen=True, kw_only=True):
    logs: tuple[LogFile, ...]


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The last `lines` in which every word of `q` is found."""

    lines: int = 200
    q: str = ""


def install(app: Quart, site: Site) -> None:
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
        """Give the end of a log, searched by `q`; tokens in it are blotted out."""
        query = body.query(dict(request.args), LogQuery)
        return answer(await to_thread.run_sync(_tail, folder(), name, query))


def _logs(folder: Path) -> tuple[LogFile, ...]:
    found = []
    for path in sorted(folder.glob("*.log")):
        if not path.is_symlink() and path.is_file() and _NAME.fullmatch(path.stem):
            told = path.stat()
            found.append(LogFile(name=path.stem, size=told.st_size, changed_at=told.st_mtime))
    return tuple(found)


def _tail(folder: Path, name: str, query: LogQuery) -> LogTail:
    if _NAME.fullmatch(name) is None:
        raise NotFound(f"{name[:40]!r} is no log", "GET /api/logs lists them.")
    try:
        return log_tail.tail(folder / f"{name}.log", query.lines, query.q)
    except OSError as error:
        raise NotFound(
            f"there is no log {name!r}",
            "A service that runs in a terminal writes there; started apart, it has one.",
        ) from error
