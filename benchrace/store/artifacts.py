"""The files of a run, `runs/<run_id>/artifacts/<sha256>`: whole and checked, or not there."""

import hashlib
import os
from pathlib import Path

from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import is_sha256
from benchrace.store import atomic

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
        """Name the place of a file; raises `ValueError` for what is no digest."""
        if not is_sha256(sha256):
            raise ValueError(f"{sha256[:80]!r} is no SHA-256")
        return self._folder / sha256

    def has(self, sha256: str) -> bool:
        """Tell whether a file is here, whole."""
        return self.path(sha256).is_file()

    def stored(self) -> frozenset[str]:
        """Name all files that are here, whole."""
        try:
            return frozenset(each.name for each in self._folder.iterdir() if is_sha256(each.name))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    def begin_of(self, sha256: str) -> bytes:
        """Give the first bytes of a file that is here, by which formats are known."""
        try:
            with self.path(sha256).open("rb") as file:
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
            self._folder.mkdir(exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(self._partial(sha256), flags, 0o644)
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

    def finish(self, sha256: str) -> None:
        """Make what has come the file, synced.

        Raises `bad_output`, and drops what came, where its digest is another.
        """
        partial = self._partial(sha256)
        try:
            with partial.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if found == sha256:
                    os.fsync(file.fileno())
            if found == sha256:
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
            f"the bytes that came for {sha256[:12]}… have another SHA-256 ({found[:12]}…)",
            "Look at the file on its machine: it was changed there after its round.",
        )

    def drop(self, sha256: str) -> None:
        """Forget what has come of a file so far."""
        try:
            self._partial(sha256).unlink(missing_ok=True)
        except OSError as error:
            raise self._failure(sha256, error) from error

    def _partial(self, sha256: str) -> Path:
        return self.path(sha256).with_name(f"{sha256}.{self._source}.partial")

    def _failure(self, sha256: str, error: OSError) -> BenchraceError:
        if not self._run.is_dir():
            return NotFound(f"there is no run {self._run.name}", "List the runs that there are.")
        return atomic.failure(self.path(sha256), error)
