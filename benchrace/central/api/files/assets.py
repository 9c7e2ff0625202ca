"""Files for engines over HTTP: uploads in parts, the list, and downloads of agents."""

import functools
import re
from pathlib import Path

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.files.assets import AssetArrived, AssetEntry, AssetList, AssetPart, AssetUpload
from benchrace.api.paths import ASSETS
from benchrace.central.api.route_context import RouteContext
from benchrace.central.assets import CentralAssets
from benchrace.errors import FieldError, InvalidInput
from benchrace.web import body
from benchrace.web.answer import answer, pieces_of

_RANGE = re.compile(r"bytes=(\d{1,19})-")


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @functools.cache
    def assets() -> CentralAssets:
        return CentralAssets(site.central.settings.data)

    @app.get("/api/assets")
    @document_response(AssetList)
    async def list_assets() -> Response:
        """List the files for engines that central has."""
        return answer(AssetList(assets=await to_thread.run_sync(assets().listed)))

    @app.post("/api/assets")
    @document_request(AssetUpload)
    @document_response(AssetArrived)
    async def begin_asset() -> Response:
        """Begin an upload, or learn where an earlier one of the same file stopped."""
        upload = await body.read(request, AssetUpload)
        return answer(await to_thread.run_sync(assets().begin, upload))

    @app.post("/api/assets/<sha256>/parts")
    @document_request(AssetPart)
    @document_response(AssetArrived)
    async def add_asset_part(sha256: str) -> Response:
        """Send the next bytes of a file; what was there from `offset` on is replaced."""
        part = await body.read(request, AssetPart)
        return answer(await to_thread.run_sync(assets().receive, sha256, part.offset, part.data))

    @app.post("/api/assets/<sha256>/finish")
    @document_request(AssetUpload)
    @document_response(AssetEntry, 201)
    async def finish_asset(sha256: str) -> Response:
        """End an upload: the file is kept if its digest is the announced one."""
        upload = await body.read(request, AssetUpload)
        if upload.sha256 != sha256:
            raise InvalidInput(FieldError("sha256", "differs from the SHA-256 in the URL"))
        return answer(await to_thread.run_sync(assets().finish, upload), 201)

    @app.delete("/api/assets/<sha256>")
    async def remove_asset(sha256: str) -> Response:
        """Delete a file; what machines have fetched of it stays there."""
        await to_thread.run_sync(assets().remove, sha256)
        return Response(status=204)

    @app.get(f"{ASSETS}/<sha256>")
    async def read_asset(sha256: str) -> Response:
        """Return a file, or with `Range: bytes=N-` what follows after N bytes."""
        entry = await to_thread.run_sync(assets().find, sha256)
        path = await to_thread.run_sync(assets().path_of, sha256)
        return _file(path, entry.size, f'"{sha256}"')


def _file(path: Path, size: int, tag: str) -> Response:
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    same = request.headers.get("If-Range", tag) == tag
    start = int(match[1]) if match is not None and same else 0
    if start >= size:
        response = Response(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    response = Response(pieces_of(path, start), content_type="application/octet-stream")
    response.headers["Content-Length"] = str(size - start)
    response.headers["ETag"] = tag
    response.headers["Accept-Ranges"] = "bytes"
    if start:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    response.timeout = None
    return response
