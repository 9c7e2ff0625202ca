"""Files that rounds make, kept in the job's folder under their digest."""

import hashlib
import os
from pathlib import Path

from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import ArtifactPayload
from benchrace.ids import is_name
from benchrace.worker.display import cut
from benchrace.worker.threads import run_blocking


class Artifacts:
    """Writes to `<folder>/<sha256>`; equal bytes are kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, name: str, media_type: str, data: bytes) -> ArtifactPayload:
        """Write `data`; raises `ValueError` for a bad name, `disk_full` where it does not fit."""
        if not is_name(name):
            raise ValueError(f"an artefact is named {name!r:.80}: take 1-64 of A-Z a-z 0-9 . _ -")
        digest = await run_blocking(lambda: self._write(data))
        return ArtifactPayload(
            name=name, media_type=cut(media_type), size=len(data), digest=f"sha256:{digest}"
        )

    def _write(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        partial = path.with_suffix(".partial")
        try:
            self._folder.mkdir(exist_ok=True)
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise BenchraceError(
                Category.DISK_FULL, f"an artefact of {len(data)} bytes was not kept: {error}"
            ) from error
        return digest
