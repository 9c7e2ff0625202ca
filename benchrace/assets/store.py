"""The files that a machine has for its engines, `blobs/<sha256>`: whole and checked, or absent."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchrace import permissions, structs
from benchrace.assets import disk
from benchrace.assets.locking import held_briefly, held_if_free
from benchrace.assets.selection import named
from benchrace.ids import is_sha256
from benchrace.plugin.assets import AssetKind
from benchrace.store import atomic

FOLDER = "assets"
_OPEN = 0o755


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file was put for an engine. `inode` and `mtime_ns` tell a copy from another file."""

    path: str
    how: str
    inode: int
    mtime_ns: int


class StoredAsset(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the store. `source` is where it came from, without secrets; times are wall time."""

    sha256: str
    size: int
    name: str
    kind: AssetKind
    source: str
    pinned: bool = False
    ephemeral: bool = False
    added_at: float
    used_at: float
    places: tuple[Place, ...] = ()


class Unfinished(msgspec.Struct, frozen=True, kw_only=True):
    """What a download has left; `key` is the expected digest, or the digest of the address."""

    key: str
    size: int


class AssetStore:
    """Files by digest below `root`; usable by several processes. Every method blocks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.partials = root / "partial"
        self.locks = root / "locks"
        self._blobs = root / "blobs"
        self._records = root / "records"
        self._learned = root / "learned"

    def prepare(self) -> None:
        """Create the folders; files can be read by the user of an engine. Raises BenchraceError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._blobs.mkdir(exist_ok=True)
            for folder in (self.root, self._blobs):
                # The umask of a service hides from engines what it creates.
                if stat.S_IMODE(folder.stat().st_mode) & _OPEN != _OPEN:
                    folder.chmod(_OPEN)
            permissions.make_folder(self.partials)
        except OSError as error:
            raise disk.failure(self.root, error) from error

    def blob(self, sha256: str) -> Path:
        """Return the path of a file; raises ValueError for an invalid digest."""
        if not is_sha256(sha256):
            raise ValueError(f"invalid SHA-256 {sha256[:80]!r}")
        return self._blobs / sha256

    def lock(self, key: str) -> Path:
        """Return the lock of the one download with this key."""
        return self.locks / f"{key}.lock"

    def find(self, sha256: str) -> StoredAsset | None:
        """Return a file that is here with its recorded size; None otherwise."""
        record = self._read(self._records / f"{sha256}.json")
        if record is None or not is_sha256(record.sha256):
            return None
        try:
            return record if self.blob(record.sha256).stat().st_size == record.size else None
        except OSError:
            return None

    def all(self) -> tuple[StoredAsset, ...]:
        """Return all files, the last requested first."""
        try:
            names = [path.stem for path in self._records.glob("*.json")]
        except OSError:
            return ()
        assets = [asset for name in names if (asset := self.find(name)) is not None]
        return tuple(sorted(assets, key=lambda asset: (-asset.used_at, asset.name)))

    def named(self, text: str) -> StoredAsset:
        """Return the file with this name, or whose digest begins so; raises NotFound."""
        return named(self.all(), text, "benchrace agent assets list")

    def add(self, asset: StoredAsset) -> StoredAsset:
        """Record a file, or what is new about one that is recorded."""
        with self._changing():
            old = self.find(asset.sha256)
            if old is not None:
                asset = msgspec.structs.replace(
                    asset,
                    added_at=old.added_at,
                    pinned=asset.pinned or old.pinned,
                    # Whoever wants to keep it decides.
                    ephemeral=asset.ephemeral and old.ephemeral,
                    places=old.places,
                )
            self._write(asset)
            return asset

    def change(self, sha256: str, edit: Callable[[StoredAsset], StoredAsset]) -> StoredAsset | None:
        """Change the record of a file; None where it is not here."""
        with self._changing():
            asset = self.find(sha256)
            if asset is None:
                return None
            asset = edit(asset)
            self._write(asset)
            return asset

    def remove(self, asset: StoredAsset) -> bool:
        """Delete a file, and what was put into folders of engines for it.

        False, and nothing is deleted, while anybody fetches or places it.
        """
        with held_if_free(self.lock(asset.sha256)) as free:
            if free:
                self._remove(asset)
            return free

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return what downloads have left that were not finished, or are running."""
        unfinished = []
        for path in self._files(self.partials):
            with contextlib.suppress(OSError):
                if not path.suffix:
                    unfinished.append(Unfinished(key=path.name, size=path.stat().st_size))
        return tuple(sorted(unfinished, key=lambda left: left.key))

    def sweep(self, *, partials: bool = False) -> int:
        """Delete files without a record, and on request the rest of downloads; return the bytes.

        What anybody fetches now stays.
        """
        folders = (self._blobs, self.partials) if partials else (self._blobs,)
        return sum(self._swept(path) for folder in folders for path in self._files(folder))

    def _swept(self, path: Path) -> int:
        key = path.name.partition(".")[0]
        with held_if_free(self.lock(key)) as free:
            if not free or (path.parent == self._blobs and self.find(key) is not None):
                return 0
            try:
                size = path.stat().st_size
                path.unlink()
            except OSError:
                return 0
            return size

    def _files(self, folder: Path) -> tuple[Path, ...]:
        try:
            return tuple(
                path for path in folder.iterdir() if is_sha256(path.name.partition(".")[0])
            )
        except OSError:
            return ()

    def _remove(self, asset: StoredAsset) -> None:
        with self._changing():
            asset = self.find(asset.sha256) or asset
            for place in asset.places:
                _take_away(place, self.blob(asset.sha256))
            try:
                # The record first: without it the file counts as absent.
                (self._records / f"{asset.sha256}.json").unlink(missing_ok=True)
                self.blob(asset.sha256).unlink(missing_ok=True)
            except OSError as error:
                raise disk.failure(self.blob(asset.sha256), error) from error
            for note in self._learned.glob("*"):
                with contextlib.suppress(OSError, ValueError):
                    if note.read_text() == asset.sha256:
                        note.unlink()

    def learn(self, identity: str, sha256: str) -> None:
        """Note which digest an address had, so that another file there is noticed."""
        atomic.write_private(self._learned / identity, sha256.encode())

    def learned(self, identity: str) -> str | None:
        """Return the digest that an address had when it was first fetched."""
        try:
            text = (self._learned / identity).read_text()
        except (OSError, ValueError):
            return None
        return text if is_sha256(text) else None

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with held_briefly(self.locks / "records.lock"):
            yield

    def _read(self, path: Path) -> StoredAsset | None:
        try:
            return structs.decode(path.read_bytes(), StoredAsset)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _write(self, asset: StoredAsset) -> None:
        atomic.write_private(self._records / f"{asset.sha256}.json", msgspec.json.encode(asset))


def used_now(asset: StoredAsset) -> StoredAsset:
    """Return the record of a file that was used just now."""
    return msgspec.structs.replace(asset, used_at=time.time())


def _take_away(place: Place, blob: Path) -> None:
    """Remove what was put somewhere, unless something else is there by now."""
    path = Path(place.path)
    with contextlib.suppress(OSError):
        status = path.lstat()
        ours = (status.st_ino, status.st_mtime_ns) == (place.inode, place.mtime_ns)
        linked = path.is_symlink() and Path(os.readlink(path)) == blob  # noqa: PTH115 - as written
        if ours or linked:
            path.unlink()
