"""Files that rounds produce, stored in the job's folder under their digest."""

import hashlib
import os
from pathlib import Path

from benchrace import permissions
from benchrace.errors import BenchraceError
from benchrace.events.payloads import ArtifactPayload
from benchrace.formatting import file_size
from benchrace.ids import is_name
from benchrace.redaction import SECRETS
from benchrace.store.atomic import failure
from benchrace.worker.lanes.throttle import cut
from benchrace.worker.threads import run_blocking


class Artifacts:
    """Writes to `<folder>/<sha256>`; equal bytes are kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, name: str, media_type: str, data: bytes) -> ArtifactPayload:
        """Write `data`; raises `ValueError` for a bad name, and what the disk refuses."""
        if not is_name(name):
            raise ValueError(f"invalid artifact name {name!r:.80}: use 1-64 of A-Z a-z 0-9 . _ -")
        data = SECRETS.data(data)
        digest = await run_blocking(lambda: self._write(data))
        return ArtifactPayload(
            name=name, media_type=cut(media_type), size=len(data), digest=f"sha256:{digest}"
        )

    def _write(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        partial = path.with_suffix(".partial")
        try:
            self._folder.mkdir(mode=permissions.FOLDER, exist_ok=True)
            with open(partial, "wb", opener=permissions.opener) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            refusal = failure(path, error)
            message = f"an artifact of {file_size(len(data))} was not stored: {refusal.message}"
            raise BenchraceError(refusal.category, message, refusal.remedy) from error
        return digest
