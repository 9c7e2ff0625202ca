"""Files that rounds made, over HTTP: always foreign, so downloads, or pictures and nothing else."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from quart import Quart, Response
from quart_schema import document_response

from benchrace.central.artifacts import ArtifactAnswer, ArtifactList, ArtifactState
from benchrace.central.document import artifacts
from benchrace.central.site import Site, answer
from benchrace.errors import NotFound
from benchrace.store.artifacts import Artifacts
from benchrace.store.run_folder import folder_path

_READ_BYTES = 1 << 18
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


def install(app: Quart, site: Site) -> None:
    """Add the routes."""

    @app.get("/api/runs/<run_id>/artifacts")
    @document_response(ArtifactList)
    async def list_artifacts(run_id: str) -> Response:
        """List the files that a run's rounds made, and where each is."""
        return answer(await artifacts(site.central, run_id))

    @app.get("/api/runs/<run_id>/artifacts/<sha256>")
    async def read_artifact(run_id: str, sha256: str) -> Response:
        """Give a file by its SHA-256: an image as it is, anything else as a download."""
        named = (await artifacts(site.central, run_id)).artifacts
        found = [each for each in named if each.sha256 == sha256]
        here = next((each for each in found if each.image is not None), None)
        here = here or next((each for each in found if each.state is ArtifactState.STORED), None)
        if here is None:
            raise _not_here(run_id, sha256, found)
        path = Artifacts(folder_path(site.central.runs_dir, run_id)).path(sha256)
        return await _file(path, here)


def _not_here(run_id: str, sha256: str, found: list[ArtifactAnswer]) -> NotFound:
    if not found:
        return NotFound(
            f"no event of {run_id} names a file {sha256[:64]!r}",
            f"GET /api/runs/{run_id}/artifacts lists those that there are.",
        )
    first = found[0]
    if first.state is ArtifactState.REFUSED:
        return NotFound(
            f"{first.name} is not here: {first.reason}",
            f"Copy jobs/{first.job_id}/artifacts/{sha256} from that machine's data folder.",
        )
    why = f" ({first.reason})" if first.reason else ""
    return NotFound(
        f"{first.name} is still on machine {first.machine_id}{why}",
        "It is fetched when that machine's agent is linked and measures nothing.",
    )


async def _file(path: Path, artifact: ArtifactAnswer) -> Response:
    try:
        size = (await to_thread.run_sync(path.stat)).st_size
    except OSError as error:
        raise NotFound(f"{artifact.name} was deleted just now", "List the runs.") from error

    async def pieces() -> AsyncIterator[bytes]:
        fd = await to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            offset = 0
            while data := await to_thread.run_sync(os.pread, fd, _READ_BYTES, offset):
                offset += len(data)
                yield data
        finally:
            os.close(fd)

    # What its maker says of it is believed only where its bytes say the same.
    media_type = artifact.image or "application/octet-stream"
    response = Response(pieces(), content_type=media_type, headers=_HEADERS)
    response.headers["Content-Length"] = str(size)
    how = "inline" if artifact.image else "attachment"
    # Whatever it is, it runs nothing, loads nothing, and is of no origin. Without `allow-downloads`
    # Chromium would not even save it from its address.
    sandbox = "sandbox" if artifact.image else "sandbox allow-downloads"
    response.headers["Content-Security-Policy"] = f"{sandbox}; default-src 'none'"
    # A name is letters, digits, dots and dashes: nothing that a header would have to escape.
    response.headers["Content-Disposition"] = f'{how}; filename="{artifact.name}"'
    response.timeout = None
    return response
