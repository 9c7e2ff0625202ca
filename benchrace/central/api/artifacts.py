"""Artifacts over HTTP: they are foreign, so only images and recordings are not downloads."""

import os
from pathlib import Path

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_response
from werkzeug.datastructures import Range

from benchrace.api.artifacts import ArtifactAnswer, ArtifactList, ArtifactState
from benchrace.central.api.documents import artifacts
from benchrace.central.api.route_context import RouteContext
from benchrace.errors import NotFound
from benchrace.store import thumbnails
from benchrace.store.artifacts import Artifacts
from benchrace.store.regular import open_regular
from benchrace.store.run_folder import folder_path
from benchrace.web.answer import answer, pieces_of

# Whatever a file is, it runs nothing, loads nothing, and is of no origin.
_SANDBOX = "sandbox; default-src 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
}


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/runs/<run_id>/artifacts")
    @document_response(ArtifactList)
    async def list_artifacts(run_id: str) -> Response:
        """List a run's artifacts, and where each is."""
        return answer(await artifacts(site.central, run_id))

    @app.get("/api/runs/<run_id>/artifacts/<sha256>")
    async def read_artifact(run_id: str, sha256: str) -> Response:
        """Return a file by its SHA-256: an image or a recording as it is, or as a download.

        A range of its bytes is answered with 206, so that players can seek.
        """
        here = await _stored(site, run_id, sha256)
        path = Artifacts(folder_path(site.central.runs_dir, run_id)).path(sha256)
        return await _file(path, here, request.range)

    @app.get("/api/runs/<run_id>/artifacts/<sha256>/thumbnail")
    async def read_thumbnail(run_id: str, sha256: str) -> Response:
        """Return a small JPEG of an image, or the image itself where it is small or new."""
        here = await _stored(site, run_id, sha256)
        run = folder_path(site.central.runs_dir, run_id)
        small = await to_thread.run_sync(thumbnails.read, run, sha256) if here.image else b""
        if not small:
            response = await _file(Artifacts(run).path(sha256), here, None)
            # A small one may be made soon.
            response.headers["Cache-Control"] = "private, max-age=60"
            return response
        response = Response(small, content_type="image/jpeg", headers=_HEADERS)
        response.headers["Content-Security-Policy"] = _SANDBOX
        return response


async def _stored(site: RouteContext, run_id: str, sha256: str) -> ArtifactAnswer:
    """Return a file that central has; raises NotFound."""
    named = (await artifacts(site.central, run_id)).artifacts
    matches = [artifact for artifact in named if artifact.sha256 == sha256]
    here = next((artifact for artifact in matches if artifact.image or artifact.audio), None)
    here = here or next(
        (artifact for artifact in matches if artifact.state is ArtifactState.STORED), None
    )
    if here is None:
        raise _not_here(run_id, sha256, matches)
    return here


def _not_here(run_id: str, sha256: str, matches: list[ArtifactAnswer]) -> NotFound:
    if not matches:
        return NotFound(
            f"run {run_id} has no artifact {sha256[:64]!r}",
            f"GET /api/runs/{run_id}/artifacts lists its artifacts.",
        )
    first = matches[0]
    if first.state is ArtifactState.REFUSED:
        return NotFound(
            f"{first.name} was not copied to central: {first.reason}",
            f"Copy jobs/{first.job_id}/artifacts/{sha256} from that machine's data folder.",
        )
    why = f" ({first.reason})" if first.reason else ""
    return NotFound(
        f"{first.name} is still on machine {first.machine_id}{why}",
        "Central copies it when that machine is linked and not measuring.",
    )


async def _file(path: Path, artifact: ArtifactAnswer, wanted: Range | None) -> Response:
    try:
        size = await to_thread.run_sync(_size, path)
    except OSError as error:
        raise NotFound(f"{artifact.name} was deleted just now", "List the runs.") from error

    # The declared type is trusted only where the first bytes confirm it.
    shown = artifact.image or artifact.audio
    media_type = shown or "application/octet-stream"
    # Several ranges at once, and one outside, are answered with the whole file.
    part = None if wanted is None else wanted.range_for_length(size)
    start, stop = part or (0, size)
    response = Response(pieces_of(path, start, stop), content_type=media_type, headers=_HEADERS)
    if part is not None:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.headers["Content-Length"] = str(stop - start)
    how = "inline" if shown else "attachment"
    # Without `allow-downloads` Chromium would not even save it from its address.
    policy = _SANDBOX if shown else _SANDBOX.replace("sandbox", "sandbox allow-downloads")
    response.headers["Content-Security-Policy"] = policy
    # A name is letters, digits, dots and dashes: nothing that a header would have to escape.
    response.headers["Content-Disposition"] = f'{how}; filename="{artifact.name}"'
    response.timeout = None
    return response


def _size(path: Path) -> int:
    fd = open_regular(path)
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)
