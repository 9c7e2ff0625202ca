"""Open files and folders below a data folder, refusing links and pipes.

Links that a person puts above them (a data folder on another disk) are followed as usual.
"""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from benchrace import permissions

# What a person has written into a folder of their own is as readable as their other files.
_EXPORTED = 0o666
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotRegular(OSError):
    """Raised for a link, a pipe, a device or a folder where a file is expected."""


def open_regular(
    path: Path | str,
    flags: int = os.O_RDONLY,
    mode: int = permissions.FILE,
    *,
    dir_fd: int | None = None,
) -> int:
    """Open a regular file, at once; raises OSError, `NotRegular` for anything else."""
    try:
        fd = os.open(path, flags | _SAFE, mode, dir_fd=dir_fd)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _irregular(path) from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _irregular(path)
    return fd


def file_bytes(path: Path) -> int:
    """Return the size of a regular file, 0 where there is none. Blocks."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def readable_bytes(path: Path) -> int:
    """Return the size of a regular file, 0 where there is none that can be opened. Blocks."""
    try:
        fd = open_regular(path)
    except OSError:
        return 0
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def read(path: Path) -> bytes:
    """Read a regular file whole; raises OSError."""
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read()


def append(path: Path, data: bytes) -> None:
    """Add to the end of a regular file; raises OSError."""
    with os.fdopen(open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
        file.write(data)


def replace(folder: int, name: str, data: bytes) -> None:
    """Write a regular file in an open folder, over one that is there; raises OSError.

    Raises ValueError for what is not the name of one file in it.
    """
    _check_name(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(open_regular(name, flags, _EXPORTED, dir_fd=folder), "wb") as file:
        file.write(data)


def open_folder(path: Path) -> int:
    """Open a folder, to make or open what is in it by name; raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def make_folder(parent: Path, name: str) -> None:
    """Make a folder that does not exist yet; raises OSError, and leaves what is there as it is.

    Raises ValueError for what is not the name of one folder in `parent`.
    """
    _check_name(name)
    permissions.make_folder(parent)
    fd = open_folder(parent)
    try:
        os.mkdir(name, permissions.FOLDER, dir_fd=fd)
    finally:
        os.close(fd)


def undo_folder(path: Path, names: Sequence[str]) -> None:
    """Remove a folder that was just made here, with the files `names`; raises nothing.

    Whatever else is in it stays, and the folder with it.
    """
    for name in names:
        _check_name(name)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for name in names:
            try:
                os.unlink(name, dir_fd=fd)
            except FileNotFoundError:
                continue
        path.rmdir()
    except OSError:
        return
    finally:
        os.close(fd)


def _check_name(name: str) -> None:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"not the name of one file: {name[:80]!r}")


def _irregular(path: Path | str) -> NotRegular:
    return NotRegular(errno.EINVAL, "not a regular file (a link, a pipe or a folder)", str(path))
