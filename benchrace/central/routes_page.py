"""The page where it is installed, else a few words and links."""

import re
from importlib import resources, util
from pathlib import Path, PurePosixPath

from quart import Quart, Response, request
from quart_schema import hide
from werkzeug.exceptions import HTTPException

from benchrace.errors import NotFound
from benchrace.web import problem

PACKAGE = "benchrace_ui"
PAGES = (
    "/",
    "/compute",
    "/image",
    "/whisper",
    "/runs",
    "/admin",
    "/runs/<name>",
    "/runs/<name>/replay",
    "/compare",
)
# Who takes either, as a program does, gets the first.
_JSON_OR_HTML = ("application/json", "text/html")
_PAGE = re.compile("|".join(path.replace("<name>", "[^/]+") for path in PAGES))
# Only files of this server, no inline script or style, and no text that becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# All that a build of the page holds; the machine's own table differs from one to the next.
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PLAIN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>benchrace</title>
<h1>benchrace</h1>
<p>This central serves. Its page is not installed: it comes with the package benchrace-ui.</p>
<p>In the terminal: <code>benchrace run --help</code> starts a run,
<code>benchrace runs list</code> lists them, <code>benchrace runs show ID</code> shows one.</p>
<ul>
<li><a href="/api/runs">runs</a></li>
<li><a href="/api/machines">machines</a></li>
<li><a href="/api/workloads">workloads</a></li>
<li><a href="/openapi.json">the whole API</a></li>
</ul>
"""


def install(app: Quart) -> None:
    """Add the routes of the page, and of its files."""
    files = page_files()

    @hide
    async def page(name: str = "") -> Response:
        """Give the page, which reads its address itself."""
        if files is None:
            return Response(_PLAIN, content_type="text/html; charset=utf-8")
        return _index(files)

    for number, path in enumerate(PAGES):
        app.get(path, endpoint=f"page_{number}")(page)
    if files is None:
        return

    def missing(error: HTTPException) -> Response:
        """Show the page to a browser: it says that nothing is there, and where to go."""
        if request.accept_mimetypes.best_match(_JSON_OR_HTML) != "text/html":
            return problem.of_http(error)
        answer = _index(files)
        answer.status_code = 404
        return answer

    app.register_error_handler(404, missing)

    @app.get("/favicon.svg")
    @hide
    async def icon() -> Response:
        """Give the page's icon."""
        return _file(files, "favicon.svg", {})

    @app.get("/assets/<path:name>")
    @hide
    async def asset(name: str) -> Response:
        """Give a script or style of the page, named by its content, so that it may be kept."""
        return _file(
            files, f"assets/{name}", {"Cache-Control": "public, max-age=31536000, immutable"}
        )


def is_page(path: str) -> bool:
    """Tell whether a path is an address of the page, which is the same file for all of them."""
    return _PAGE.fullmatch(path) is not None


def page_files() -> dict[str, bytes] | None:
    """Read the built page whole, by name; None where it is not installed. Blocks."""
    if util.find_spec(PACKAGE) is None:
        return None
    folder = Path(str(resources.files(PACKAGE) / "static"))
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return found if "index.html" in found else None


def _index(files: dict[str, bytes]) -> Response:
    # It names files by their hashes, so an old one would name files that are gone.
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    return _file(files, "index.html", headers)


def _file(files: dict[str, bytes], name: str, headers: dict[str, str]) -> Response:
    if name not in files:
        raise NotFound(f"the page has no file {name[:80]!r}", "Load the page anew.")
    kind = _KINDS.get(PurePosixPath(name).suffix, "application/octet-stream")
    return Response(files[name], content_type=kind, headers=headers)
