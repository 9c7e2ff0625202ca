"""The user that a system service runs as, and what it must be able to read."""

import errno
import grp
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchrace.cli.service.install.supervisor import call
from benchrace.cli.service.install.unit import SYSTEM_DATA, SYSTEM_USER
from benchrace.errors import BenchraceError, Category

# The usual owners of GPUs' devices.
_GPU_GROUPS = ("render", "video")
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def gpu_groups() -> tuple[str, ...]:
    """Return those groups that this machine has."""
    present = {group.gr_name for group in grp.getgrall()}
    return tuple(name for name in _GPU_GROUPS if name in present)


def ensure_user(name: str) -> None:
    """Create the service's own user where it is missing; raises `system` for another user."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        if name != SYSTEM_USER or sys.platform == "darwin":
            raise BenchraceError(
                Category.SYSTEM,
                f"the user {name!r} does not exist",
                "Create it first, or name an existing one with --user.",
            ) from None
        home = ("--home-dir", str(SYSTEM_DATA), "--no-create-home")
        call(["useradd", "--system", "--user-group", *home, "--shell", "/usr/sbin/nologin", name])


def give(name: str, *paths: Path) -> None:
    """Make `name` the owner of files and folders. Raises OSError.

    Links stay as they are, and so do files with more than one name: who owns their folder may have
    put another's file there.
    """
    entry = pwd.getpwnam(name)
    for path in paths:
        with _opened(path) as fd:
            _give(fd, entry)


def give_folder(name: str, folder: Path) -> None:
    """Make `name` the owner of a folder and the files in it, as `give` does. Raises OSError."""
    entry = pwd.getpwnam(name)
    with _opened(folder) as fd:
        _give(fd, entry)
        for child in os.listdir(fd) if fd is not None else ():  # noqa: PTH208 - of what is open
            with _opened(child, fd) as file:
                _give(file, entry)


@contextmanager
def _opened(path: Path | str, folder: int | None = None) -> Iterator[int | None]:
    """Open what has a name now, so that nobody can replace it; None for what cannot be opened.

    That is a link, a socket, and nothing at all.
    """
    try:
        fd = os.open(path, _OPEN, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOENT, errno.ENXIO):
            raise
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)


def _give(fd: int | None, entry: pwd.struct_passwd) -> None:
    if fd is None:
        return
    status = os.fstat(fd)
    if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
        os.fchown(fd, entry.pw_uid, entry.pw_gid)


def unreadable(executable: Path) -> Path | None:
    """Return the folder that keeps other users from a program; None where there is none."""
    for path in _ways(executable):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH:
            return path
    return None


def _ways(executable: Path) -> Iterator[Path]:
    """Yield the folders above a program, and above what it links to, such as its Python."""
    for path in dict.fromkeys((executable, executable.resolve(), Path(__file__))):
        yield from path.parents
