"""Files that are written whole or not at all."""

import errno
import os
import secrets
from pathlib import Path

from benchrace.errors import BenchraceError, Category


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` by `data`, synced; raises `disk_full` or `system` and leaves the old file."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_synced(beside, data, mode)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise failure(path, error) from error


def sync_folder(path: Path) -> None:
    """Make the names in a folder survive a power loss."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def failure(path: Path, error: OSError) -> BenchraceError:
    """Say what the system refused, and where."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    category = Category.DISK_FULL if full else Category.SYSTEM
    return BenchraceError(category, f"{path}: {error.strerror or error}")


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
