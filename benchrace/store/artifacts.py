"""The files of a run, `runs/<run_id>/artifacts/<sha256>`: whole and checked, or absent."""

import hashlib
import os
import stat
from pathlib import Path

from benchrace import permissions
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import is_sha256
from benchrace.store import atomic, regular

FOLDER = "artifacts"
_BEGIN_BYTES = 16


class Artifacts:
    """Files by digest; every method blocks.

    A file that is still coming has a name of its own, by the `source` that it comes from.

    They raise `disk_full` or `system` where the disk refuses, `NotFound` where the run is gone.
    """

    def __init__(self, run: Path, source: str = "") -> None:
        self._run = run
        self._source = source
        self._folder = run / FOLDER

    def path(self, sha256: str) -> Path:
        """Return the path of a file; raises `ValueError` for an invalid digest."""
        if not is_sha256(sha256):
            raise ValueError(f"invalid SHA-256 {sha256[:80]!r}")
        return self._folder / sha256

    def has(self, sha256: str) -> bool:
        """Check whether a file is here, whole."""
        try:
            return stat.S_ISREG(self.path(sha256).lstat().st_mode)
        except OSError:
            return False

    def stored(self) -> frozenset[str]:
        """Return the digests of all files that are here, whole."""
        try:
            return frozenset(file.name for file in self._folder.iterdir() if is_sha256(file.name))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    def begin_of(self, sha256: str) -> bytes:
        """Return the first bytes of a file that is here, by which formats are recognised."""
        try:
            with os.fdopen(regular.open_regular(self.path(sha256)), "rb") as file:
                return file.read(_BEGIN_BYTES)
        except OSError:
            return b""

    def arrived(self, sha256: str) -> int:
        """Count the bytes of a file that have come so far."""
        try:
            return self._partial(sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def add(self, sha256: str, offset: int, data: bytes) -> None:
        """Write the next bytes of a file; what was there from `offset` on is gone."""
        try:
            self._folder.mkdir(mode=permissions.FOLDER, exist_ok=True)
            fd = regular.open_regular(self._partial(sha256), os.O_WRONLY | os.O_CREAT)
            try:
                os.ftruncate(fd, offset)
                view = memoryview(data)
                while view:
                    written = os.pwrite(fd, view, offset)
                    offset, view = offset + written, view[written:]
            finally:
                os.close(fd)
        except OSError as error:
            raise self._failure(sha256, error) from error

    def finish(self, sha256: str, digest: str | None = None) -> None:
        """Store the received bytes as the file, synced.

        `digest` is the SHA-256 of all of them, where it was computed while they came. Raises
        `bad_output`, and drops what came, where its digest is another.
        """
        partial = self._partial(sha256)
        try:
            with os.fdopen(regular.open_regular(partial), "rb") as file:
                if digest is None:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if digest == sha256:
                    os.fsync(file.fileno())
            if digest == sha256:
                partial.replace(self.path(sha256))
                atomic.sync_folder(self._folder)
                # The folder itself may be as new as the file.
                atomic.sync_folder(self._run)
                return
            partial.unlink()
        except OSError as error:
            raise self._failure(sha256, error) from error
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"the bytes received for {sha256[:12]}… have another SHA-256 ({digest[:12]}…)",
            "Check the file on its machine: it changed there after its round.",
        )

    def drop(self, sha256: str) -> None:
        """Discard the bytes of a file received so far."""
        try:
            self._partial(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise self._failure(sha256, error) from error

    def _partial(self, sha256: str) -> Path:
        return self.path(sha256).with_name(f"{sha256}.{self._source}.partial")

    def _failure(self, sha256: str, error: OSError) -> BenchraceError:
        if not self._run.is_dir():
            return NotFound(
                f"run {self._run.name} not found", "List the runs with: benchrace runs list."
            )
        return atomic.failure(self.path(sha256), error)
