"""The download of one artifact: piece by piece, resumable, and checked."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from anyio import to_thread

from benchrace import structs
from benchrace.central.fleet.pending_requests import PendingRequests
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.protocol.artifacts import PIECE_BYTES, ArtifactAsk, ArtifactPiece
from benchrace.run.artifact import RunArtifact
from benchrace.store.artifacts import Artifacts

T = TypeVar("T")


class DiskRefused(Exception):
    """Central's own disk refused the file, or the run is gone."""

    def __init__(self, failure: BenchraceError) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Fetch:
    """`run` is the run's folder. Only bytes that were asked for are taken, and no more of them."""

    def __init__(
        self, run: Path, artifact: RunArtifact, requests: PendingRequests, limit_s: float
    ) -> None:
        self._store = Artifacts(run, artifact.machine_id)
        self._artifact = artifact
        self._requests = requests
        self._limit_s = limit_s

    async def run(self, may_go_on: Callable[[], bool]) -> bool:
        """Fetch what is lacking; false where `may_go_on` ended that between two pieces.

        Raises `DiskRefused` for what central's disk refuses, `bad_output` for bytes that are not
        the file's, and the link's or the agent's failure.
        """
        sha256, size = self._artifact.sha256, self._artifact.size
        if await _local(lambda: self._store.has(sha256)):
            await _local(lambda: self._store.drop(sha256))
            return True
        offset = await _local(lambda: self._store.arrived(sha256))
        if offset > size or offset == 0:
            offset = 0
            await _local(lambda: self._store.add(sha256, 0, b""))
        while offset < size:
            if not may_go_on():
                return False
            offset += await self._piece(offset)
        await _local(lambda: self._store.finish(sha256))
        return True

    async def _piece(self, offset: int) -> int:
        artifact = self._artifact
        limit = min(PIECE_BYTES, artifact.size - offset)
        about = ArtifactAsk(
            job_id=artifact.job_id, sha256=artifact.sha256, offset=offset, limit=limit
        )
        try:
            result = await self._requests.ask("artifact", self._limit_s, artifact=about)
            data = structs.convert(result, ArtifactPiece).data
        except BenchraceError as error:
            if error.category is Category.VALIDATION:
                # It is gone there: what has come of it will never be whole.
                await _local(lambda: self._store.drop(artifact.sha256))
            raise
        except msgspec.ValidationError as error:
            raise self._wrong(f"sent an invalid piece of the file: {error}") from error
        if not 0 < len(data) <= limit:
            await _local(lambda: self._store.drop(artifact.sha256))
            raise self._wrong(
                f"sent {len(data)} bytes where {limit} were due: its event says {artifact.size}"
            )
        await _local(lambda: self._store.add(artifact.sha256, offset, data))
        return len(data)

    def _wrong(self, what: str) -> BenchraceError:
        return BenchraceError(Category.BAD_OUTPUT, f"{self._artifact.machine_id} {what}")


async def _local(call: Callable[[], T]) -> T:
    try:
        return await to_thread.run_sync(call)
    except NotFound as error:
        raise DiskRefused(error) from error
    except BenchraceError as error:
        if error.category is Category.BAD_OUTPUT:
            raise
        raise DiskRefused(error) from error
