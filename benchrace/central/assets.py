"""Files for engines that central keeps for its machines, by digest: `central/assets/`."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import msgspec

from benchrace import permissions, structs
from benchrace.api.files.assets import AssetArrived, AssetEntry, AssetUpload
from benchrace.assets import disk
from benchrace.config.assets.file_name import check_name
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_sha256
from benchrace.store import atomic, regular
from benchrace.store.artifacts import Artifacts

FOLDER = "central/assets"


class _Hash(NamedTuple):
    """The digest of the first `size` bytes of an upload."""

    size: int
    digest: "hashlib._Hash"


class CentralAssets:
    """Every method blocks, and raises `disk_full` or `system` where the disk refuses.

    One object for each process: it keeps two uploads of the same file apart.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._files = Artifacts(self._folder, "upload")
        # By the first byte of a digest, so that there are as many as there ever will be.
        self._locks = tuple(Lock() for _ in range(256))
        # What came in order is hashed already: the last answer takes no longer than the others.
        self._hashes: dict[str, _Hash] = {}

    def listed(self) -> tuple[AssetEntry, ...]:
        """Return all files that are here whole, by name."""
        return tuple(sorted(self._entries(), key=lambda entry: (entry.name, entry.sha256)))

    def find(self, sha256: str) -> AssetEntry:
        """Return a file; raises NotFound."""
        entry = self._entry(sha256) if is_sha256(sha256) else None
        if entry is None:
            raise _absent(sha256)
        return entry

    def path_of(self, sha256: str) -> Path:
        """Return the path of a file; raises NotFound."""
        return self._files.path(self.find(sha256).sha256)

    def begin(self, upload: AssetUpload) -> AssetArrived:
        """Prepare for a file; return how much of it an earlier upload has brought.

        Raises InvalidInput for its name or size, and `disk_full` where it has no room.
        """
        check_name(upload.name)
        with self._lock(upload.sha256):
            if self._is_whole(upload):
                self._record(upload)
                return AssetArrived(arrived=upload.size, complete=True)
            try:
                permissions.make_folder(self._folder)
            except OSError as error:
                raise atomic.failure(self._folder, error) from error
            arrived = self._files.arrived(upload.sha256)
            if arrived > upload.size:
                self._files.drop(upload.sha256)
                arrived = 0
            self._check_room(upload.size - arrived)
            atomic.write(self._begun_note(upload.sha256), msgspec.json.encode(upload))
            return AssetArrived(arrived=arrived, complete=False)

    def receive(self, sha256: str, offset: int, data: bytes) -> AssetArrived:
        """Write the next bytes of a file whose upload has begun.

        Raises InvalidInput where some are missing before, or more come than were announced.
        """
        _check_digest(sha256)
        with self._lock(sha256):
            if (entry := self._entry(sha256)) is not None:
                # Another upload of it has ended meanwhile.
                return AssetArrived(arrived=entry.size, complete=True)
            begun = self._begun(sha256)
            if begun is None:
                message = "no upload of this file has begun"
                raise InvalidInput(FieldError("sha256", message), "POST /api/assets first.")
            arrived = self._files.arrived(sha256)
            if offset > arrived:
                message = f"{arrived} bytes have arrived, so {offset} would leave a gap"
                raise InvalidInput(FieldError("offset", message), "Go on where it stopped.")
            if offset + len(data) > begun.size:
                message = f"more than the announced {begun.size} bytes"
                raise InvalidInput(FieldError("data", message), "Announce the file's size.")
            self._check_room(len(data))
            self._files.add(sha256, offset, data)
            self._hash(sha256, offset, data)
            return AssetArrived(arrived=offset + len(data), complete=False)

    def finish(self, upload: AssetUpload) -> AssetEntry:
        """Check what came, and keep it; raises InvalidInput while bytes are missing.

        Raises `bad_output`, and drops what came, where its digest is another.
        """
        check_name(upload.name)
        with self._lock(upload.sha256):
            if not self._is_whole(upload):
                arrived = self._files.arrived(upload.sha256)
                if arrived != upload.size:
                    message = f"{arrived} of {upload.size} bytes have arrived"
                    raise InvalidInput(FieldError("size", message), "Send the rest first.")
                try:
                    self._files.finish(upload.sha256, self._hashed(upload))
                except BenchraceError as error:
                    if error.category is not Category.BAD_OUTPUT:
                        raise
                    remedy = "Upload it again: it changed while it was sent."
                    raise BenchraceError(error.category, error.message, remedy) from error
            return self._record(upload)

    def remove(self, sha256: str) -> None:
        """Delete a file, or what has come of it; raises NotFound."""
        if not is_sha256(sha256):
            raise _absent(sha256)
        with self._lock(sha256):
            note, begun, blob = (
                self._note(sha256),
                self._begun_note(sha256),
                self._files.path(sha256),
            )
            there = [path for path in (note, begun, blob) if path.exists()]
            if not there and not self._files.arrived(sha256):
                raise _absent(sha256)
            self._files.drop(sha256)
            self._hashes.pop(sha256, None)
            try:
                # The record first: without it the file counts as absent.
                for path in there:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise atomic.failure(self._folder, error) from error

    def _hash(self, sha256: str, offset: int, data: bytes) -> None:
        so_far = self._hashes.pop(sha256, None) if offset else _Hash(0, hashlib.sha256())
        if so_far is not None and so_far.size == offset:
            so_far.digest.update(data)
            self._hashes[sha256] = so_far._replace(size=offset + len(data))

    def _hashed(self, upload: AssetUpload) -> str | None:
        so_far = self._hashes.pop(upload.sha256, None)
        if so_far is None or so_far.size != upload.size:
            return None
        return so_far.digest.hexdigest()

    def _lock(self, sha256: str) -> Lock:
        return self._locks[int(sha256[:2], 16)]

    def _is_whole(self, upload: AssetUpload) -> bool:
        """Check whether a file is here; raises InvalidInput where its size is another."""
        entry = self._entry(upload.sha256)
        if entry is not None and entry.size != upload.size:
            raise InvalidInput(
                FieldError("size", f"the file with this SHA-256 has {entry.size} bytes")
            )
        return entry is not None

    def _check_room(self, needed: int) -> None:
        free = disk.free_bytes(self._folder)
        if needed > free:
            raise disk.too_little(
                self._folder,
                needed,
                free,
                "Free space there, or run: benchrace assets remove",
            )

    def _begun(self, sha256: str) -> AssetUpload | None:
        try:
            return structs.decode(regular.read(self._begun_note(sha256)), AssetUpload)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _record(self, upload: AssetUpload) -> AssetEntry:
        entry = AssetEntry(
            sha256=upload.sha256,
            size=upload.size,
            name=upload.name,
            kind=upload.kind,
            added_at=time.time(),
        )
        atomic.write(self._note(upload.sha256), msgspec.json.encode(entry))
        self._files.drop(upload.sha256)
        try:
            self._begun_note(upload.sha256).unlink(missing_ok=True)
        except OSError as error:
            raise atomic.failure(self._folder, error) from error
        return entry

    def _entries(self) -> Iterator[AssetEntry]:
        for sha256 in self._files.stored():
            if (entry := self._entry(sha256)) is not None:
                yield entry

    def _entry(self, sha256: str) -> AssetEntry | None:
        try:
            data = regular.read(self._note(sha256))
            entry = structs.decode(data, AssetEntry)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        whole = regular.readable_bytes(self._files.path(sha256)) == entry.size
        return entry if whole and entry.sha256 == sha256 else None

    def _note(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"

    def _begun_note(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.upload.json"


def _absent(sha256: str) -> NotFound:
    return NotFound(f"central has no asset {sha256[:64]!r}", "GET /api/assets lists them.")


def _check_digest(sha256: str) -> None:
    if not is_sha256(sha256):
        raise InvalidInput(FieldError("sha256", "expected 64 hexadecimal digits"))
