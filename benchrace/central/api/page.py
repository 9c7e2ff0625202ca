"""The page where it is installed, else a plain list of links."""

from importlib import resources, util
from pathlib import Path, PurePosixPath
from typing import cast

from quart import Quart, Response, request
from quart_schema import hide
from werkzeug.exceptions import HTTPException

from benchrace.central.api.documents import answer as describe
from benchrace.central.api.paths import PAGES
from benchrace.central.api.route_context import RouteContext
from benchrace.errors import BenchraceError, NotFound
from benchrace.export import link_preview
from benchrace.web import error_handlers
from benchrace.web.asgi.types import Scope
from benchrace.web.static_files import StaticFile, read_files

PACKAGE = "benchrace_ui"
# Who takes either, as a program does, gets the first.
_JSON_OR_HTML = ("application/json", "text/html")
# Only files of this server, no inline script or style, and no text that becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# The page names files by their hashes, so an old one would name files that are gone.
_INDEX_HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
_END_OF_HEAD = b"</head>"
# All that a build of the page holds; the machine's own table differs from one to the next.
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_PLAIN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>benchrace</title>
<h1>benchrace</h1>
<p>Central is running, but its page is not installed: install the package benchrace-ui.</p>
<p>In the terminal: <code>benchrace run --help</code> starts a run,
<code>benchrace runs list</code> lists them, <code>benchrace runs show ID</code> shows one.</p>
<ul>
<li><a href="/api/runs">runs</a></li>
<li><a href="/api/machines">machines</a></li>
<li><a href="/api/workloads">workloads</a></li>
<li><a href="/openapi.json">the whole API</a></li>
</ul>
"""


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes of the page, and of its files."""
    files = page_files()

    @hide
    async def page(name: str = "") -> Response:
        """Return the page, which reads its address itself."""
        if files is None:
            return Response(_PLAIN, content_type="text/html; charset=utf-8")
        if name and request.path.startswith("/runs/") and site.shows_everybody:
            return await _previewed(files, site, name)
        return _index(files)

    for number, path in enumerate(PAGES):
        app.get(path, endpoint=f"page_{number}")(page)
    if files is None:
        return

    def missing(error: HTTPException) -> Response:
        """Answer a browser with the page, which shows that nothing is there."""
        if request.accept_mimetypes.best_match(_JSON_OR_HTML) != "text/html":
            return error_handlers.of_http(error)
        answer = _index(files)
        answer.status_code = 404
        return answer

    app.register_error_handler(404, missing)
    _assets(app, files)


def _assets(app: Quart, files: dict[str, StaticFile]) -> None:
    @app.get("/favicon.svg")
    @hide
    async def icon() -> Response:
        """Return the page's icon."""
        return _file(files, "favicon.svg", {"Cache-Control": "public, max-age=86400"})

    @app.get("/licenses.txt")
    @hide
    async def licenses() -> Response:
        """Return the licences of the third-party code in the page."""
        return _file(files, "licenses.txt", {})

    @app.get("/assets/<path:name>")
    @hide
    async def asset(name: str) -> Response:
        """Return a script or style of the page, named by its content, so that it may be cached."""
        return _file(
            files, f"assets/{name}", {"Cache-Control": "public, max-age=31536000, immutable"}
        )


def page_files() -> dict[str, StaticFile] | None:
    """Read the built page whole, by name; None where it is not installed. Blocks."""
    if util.find_spec(PACKAGE) is None:
        return None
    files = read_files(Path(str(resources.files(PACKAGE) / "static")))
    return files if "index.html" in files else None


async def _previewed(files: dict[str, StaticFile], site: RouteContext, run_id: str) -> Response:
    """Return the page with what others show of a link to this run."""
    try:
        run = await describe(site.central, run_id)
    except BenchraceError:
        return _index(files)  # The page asks for the run as well, and shows why it is not there.
    head = link_preview.tags(run).encode() + _END_OF_HEAD
    page = files["index.html"].data.replace(_END_OF_HEAD, head, 1)
    return Response(page, content_type=_KINDS[".html"], headers=_INDEX_HEADERS)


def _index(files: dict[str, StaticFile]) -> Response:
    return _file(files, "index.html", _INDEX_HEADERS)


def _file(files: dict[str, StaticFile], name: str, headers: dict[str, str]) -> Response:
    if name not in files:
        raise NotFound(f"the page has no file {name[:80]!r}", "Reload the page.")
    kind = _KINDS.get(PurePosixPath(name).suffix, "application/octet-stream")
    return files[name].answer(cast(Scope, request.scope), kind, headers)
