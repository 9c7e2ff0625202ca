"""A file that is still coming: its bytes so far, and of which version of what they are."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchrace import permissions, structs
from benchrace.assets import disk
from benchrace.errors import BenchraceError
from benchrace.store import atomic, regular

_READ = 1 << 20
# A power loss costs as many bytes at most.
SYNC_BYTES = 64 << 20
# The user of an engine reads the file, whatever the agent's umask is.
READABLE = 0o644


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes are of. `source` is a digest: an address may hold a secret."""

    source: str
    validator: str | None
    total: int | None


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """Beside the bytes; only the first `synced` of them are sure to be on the disk."""

    origin: Origin
    synced: int = 0


class Partial:
    """Every method blocks, and raises BenchraceError where the disk refuses."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / key
        self._note = folder / f"{key}.json"
        self._fd = -1
        self._origin: Origin | None = None
        self._synced = 0
        self.size = 0
        self._digest = hashlib.sha256()

    def open(
        self, source: str, progress: Callable[[int], object], *, any_source: bool = False
    ) -> Origin | None:
        """Open what an earlier download of `source` left, or begin anew: then return None.

        `progress` gets the bytes that were read again, to hash them. What came from another source
        is used where the digest will tell whether it is the same.
        """
        note = self._read_note()
        try:
            permissions.make_folder(self._path.parent)
            flags = os.O_RDWR | os.O_CREAT
            self._fd = regular.open_regular(self._path, flags, READABLE)
        except OSError as error:
            raise disk.failure(self._path, error) from error
        origin = None if note is None else note.origin
        if origin is not None and origin.source != source:
            other = Origin(source=source, validator=None, total=origin.total)
            origin = other if any_source else None
        if note is None or origin is None:
            self.restart()
            return None
        self._origin, self._synced = origin, note.synced
        self._hash_synced(progress)
        return origin

    def restart(self) -> None:
        """Drop the bytes."""
        try:
            self._note.unlink(missing_ok=True)
            os.ftruncate(self._fd, 0)
        except OSError as error:
            raise disk.failure(self._path, error) from error
        self._origin, self._synced = None, 0
        self.size = 0
        self._digest = hashlib.sha256()

    def begin(self, origin: Origin) -> None:
        """Note what the bytes are of, before the first of them is written."""
        self._origin = origin
        self._write_note()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._fd, view, self.size)
                self._digest.update(view[:written])
                self.size += written
                view = view[written:]
        except OSError as error:
            raise disk.failure(self._path, error) from error
        if self.size - self._synced >= SYNC_BYTES:
            self._sync()

    def digest(self) -> str:
        """Return the SHA-256 of all bytes."""
        return self._digest.hexdigest()

    def finish(self, target: Path) -> None:
        """Make the bytes the file `target`, synced."""
        try:
            os.fchmod(self._fd, READABLE)
            os.fsync(self._fd)
            self._path.replace(target)
            atomic.sync_folder(target.parent)
            self._note.unlink(missing_ok=True)
        except OSError as error:
            raise disk.failure(target, error) from error
        self._origin = None

    def discard(self) -> None:
        """Delete the bytes and the note."""
        self._origin = None
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; what is there can be resumed."""
        if self._fd < 0:
            return
        try:
            if not self.size:
                self.discard()
            if self._origin is not None and self.size > self._synced:
                # Where the disk refuses, the next download goes on further back.
                with contextlib.suppress(BenchraceError):
                    self._sync()
        finally:
            os.close(self._fd)
            self._fd = -1

    def origin(self) -> Origin | None:
        """Return what the bytes are of; None where nothing usable is."""
        return self._origin

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise disk.failure(self._path, error) from error
        self._synced = self.size
        self._write_note()

    def _write_note(self) -> None:
        if self._origin is not None:
            note = _Note(origin=self._origin, synced=self._synced)
            atomic.write(self._note, msgspec.json.encode(note))

    def _read_note(self) -> _Note | None:
        try:
            return structs.decode(regular.read(self._note), _Note)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _hash_synced(self, progress: Callable[[int], object]) -> None:
        """Hash what is there: the digest is of what lies on the disk, whoever wrote it."""
        try:
            if os.fstat(self._fd).st_size > self._synced:
                os.ftruncate(self._fd, self._synced)
            while data := os.pread(self._fd, _READ, self.size):
                self._digest.update(data)
                self.size += len(data)
                progress(self.size)
        except OSError as error:
            raise disk.failure(self._path, error) from error
