"""Put a file into an engine's folder: as a link where that works, else as a copy."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from benchrace.assets import disk, mounts
from benchrace.assets.partial import READABLE
from benchrace.assets.store import Place, StoredAsset
from benchrace.config.assets.file_name import with_suffix
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.store import atomic

_MAX_NAMES = 20
_CHUNK = 1 << 22


class How(StrEnum):
    """The ways, in the order in which they are tried."""

    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    COPY = "copy"


class Target(NamedTuple):
    """Where a file goes; `present` where it is there already, `how` if the store put it there."""

    path: Path
    present: bool = False
    how: How | None = None


def target(folder: Path, asset: StoredAsset, blob: Path, name: str) -> Target:
    """Choose the name: another file's is not taken, and gets a suffix. Blocks."""
    names = [name, with_suffix(name, asset.sha256[:8])]
    names += [with_suffix(name, f"{asset.sha256[:8]}-{n}") for n in range(2, _MAX_NAMES)]
    for candidate in names:
        path = folder / candidate
        if not os.path.lexists(path):
            return Target(path)
        if _is_same(path, blob, asset):
            return Target(path, present=True, how=_how(path, blob, asset))
    raise BenchraceError(
        Category.SYSTEM, f"{folder} has {len(names)} other files like {name}", "Remove some."
    )


def check_folder(folder: Path) -> None:
    """Raise InvalidInput for a folder of an engine that cannot be used. Blocks."""
    if not folder.parent.is_dir():
        raise InvalidInput(
            FieldError("folder", f"{folder.parent} does not exist"),
            "Correct the engine's folder in agent.yaml.",
        )
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise disk.failure(folder, error) from error


def put(
    blob: Path, path: Path, how: How, progress: Callable[[int, int], object] = lambda *_: None
) -> Place | None:
    """Put a file in place, whole or not at all; None where this way does not work there. Blocks.

    `progress` gets the copied bytes, and all. The caller holds the file's lock. Raises `disk_full`,
    or `system`.
    """
    _sweep(blob, path.parent)
    beside = path.with_name(f"{_temporary(blob)}{os.urandom(4).hex()}")
    try:
        match how:
            case How.SYMLINK:
                if not _reachable(blob, path.parent):
                    return None
                beside.symlink_to(blob)
                # On some file systems links can be created, and not be followed.
                if not beside.samefile(blob):
                    return None
            case How.HARD_LINK:
                os.link(blob, beside)
            case How.COPY:
                _copy(blob, beside, progress)
        return _rename(beside, path, how)
    except OSError as error:
        if how is How.COPY or atomic.is_full(error):
            raise disk.failure(path, error) from error
        return None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def place_of(path: Path, how: str) -> Place:
    """Describe what was put somewhere; raises `system` where it is gone. Blocks."""
    try:
        status = path.lstat()
    except OSError as error:
        raise disk.failure(path, error) from error
    return Place(path=str(path), how=how, inode=status.st_ino, mtime_ns=status.st_mtime_ns)


def _temporary(blob: Path) -> str:
    return f".benchrace-{blob.name[:64]}."


def _sweep(blob: Path, folder: Path) -> None:
    """Delete what a copy has left that was killed."""
    for left in folder.glob(f"{_temporary(blob)}*"):
        with contextlib.suppress(OSError):
            left.unlink()


def _rename(beside: Path, path: Path, how: How) -> Place:
    try:
        # A link refuses a name that somebody has taken meanwhile; a rename would replace it.
        os.link(beside, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise
        # A file system without hard links.
        beside.replace(path)
    atomic.sync_folder(path.parent)
    return place_of(path, how)


def _copy(blob: Path, beside: Path, progress: Callable[[int, int], object]) -> None:
    if kind := mounts.network_type(beside.parent):
        raise InvalidInput(
            FieldError("folder", f"{beside.parent} is on a network file system ({kind})"),
            "A race would read the model over the network: use a folder on a local disk.",
        )
    size, free = blob.stat().st_size, disk.free_bytes(beside.parent)
    if size > free:
        raise disk.too_little(beside.parent, size, free)
    with blob.open("rb") as source, beside.open("xb") as copy:
        while data := source.read(_CHUNK):
            copy.write(data)
            progress(copy.tell(), size)
        copy.flush()
        os.fchmod(copy.fileno(), READABLE)
        os.fsync(copy.fileno())


def _reachable(blob: Path, folder: Path) -> bool:
    """Check whether the owner of an engine's folder can follow a link to a file."""
    if folder.stat().st_uid in (os.geteuid(), 0):
        return True
    return all(parent.stat().st_mode & 0o001 for parent in blob.resolve().parents)


def _how(path: Path, blob: Path, asset: StoredAsset) -> How | None:
    """Return how the store put a file that is there; None where somebody else did."""
    try:
        if path.samefile(blob):
            return How.SYMLINK if path.is_symlink() else How.HARD_LINK
        now = place_of(path, How.COPY)
    except (OSError, BenchraceError):
        return None
    return How.COPY if now in asset.places else None


def _is_same(path: Path, blob: Path, asset: StoredAsset) -> bool:
    """Check whether a file is the asset's: by its place, or else by its bytes."""
    try:
        if path.samefile(blob):
            return True
        if not path.is_file() or path.stat().st_size != asset.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == asset.sha256
    except OSError:
        return False
