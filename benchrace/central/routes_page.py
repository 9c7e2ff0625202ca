"""The page where it is installed, else a few words and links."""

from importlib import resources, util
from pathlib import Path

from quart import Quart, Response, send_from_directory
from quart_schema import hide

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
# Only files of this server, no inline script or style, and no text that becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
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
    static = static_files()

    @hide
    async def page(name: str = "") -> Response:
        """Give the page, which reads its address itself."""
        if static is None:
            return Response(_PLAIN, content_type="text/html; charset=utf-8")
        response = await send_from_directory(static, "index.html")
        # It names files by their hashes, so an old one would name files that are gone.
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = POLICY
        return response

    for number, path in enumerate(PAGES):
        app.get(path, endpoint=f"page_{number}")(page)
    if static is None:
        return

    @app.get("/favicon.svg")
    @hide
    async def icon() -> Response:
        """Give the page's icon."""
        return await send_from_directory(static, "favicon.svg")

    @app.get("/assets/<path:name>")
    @hide
    async def asset(name: str) -> Response:
        """Give a script or style of the page, named by its content, so that it may be kept."""
        response = await send_from_directory(static / "assets", name)
        # Their names hold a hash of what is in them.
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def static_files() -> Path | None:
    """Find the built page's folder, None where it is not installed."""
    if util.find_spec(PACKAGE) is None:
        return None
    folder = Path(str(resources.files(PACKAGE) / "static"))
    return folder if (folder / "index.html").is_file() else None
