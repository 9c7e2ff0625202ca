"""Write files whole or not at all."""

import contextlib
import errno
import os
import pwd
from pathlib import Path

from benchrace import permissions
from benchrace.errors import BenchraceError, Category

_FOREIGN = (
    "Run this as the owner, correct the permissions, or name another folder: --data-dir or "
    "BENCHRACE_DATA_DIR for data, --config-dir or BENCHRACE_CONFIG_DIR for configuration."
)


def write(path: Path, data: bytes, *, mode: int = permissions.FILE) -> None:
    """Replace `path` by `data`, synced; raises `disk_full` or `system` and leaves the old file."""
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        _write_synced(beside, data, mode)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise failure(path, error) from error


def write_private(path: Path, data: bytes) -> None:
    """Write as `write` does, and make a private folder for the file where there is none."""
    try:
        permissions.make_folder(path.parent)
    except OSError as error:
        raise failure(path.parent, error) from error
    write(path, data)


def sync_folder(path: Path) -> None:
    """Make the names in a folder survive a power loss."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def is_full(error: OSError) -> bool:
    """Check whether space or a quota ran out, which freeing some of it ends."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def failure(path: Path, error: OSError) -> BenchraceError:
    """Return what the system refused, and where; with the owner where permissions are missing."""
    if is_full(error):
        return BenchraceError(Category.DISK_FULL, f"{path}: {error.strerror or error}")
    if error.errno in (errno.EACCES, errno.EPERM):
        message = f"{path}: {error.strerror or error}{_owner(path)}"
        return BenchraceError(Category.SYSTEM, message, _FOREIGN)
    return BenchraceError(Category.SYSTEM, f"{path}: {error.strerror or error}")


def _owner(path: Path) -> str:
    """Return the owner of a path, or of the nearest folder above it that can be read."""
    for place in (path, *path.parents):
        try:
            uid = place.lstat().st_uid
        except OSError:
            continue
        if uid == os.geteuid():
            return ""
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = f"uid {uid}"
        return f"; {place} belongs to {name}"
    return ""


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
