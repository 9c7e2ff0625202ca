"""Files and folders that only their owner can read: runs, jobs, logs, the index, tokens.

Results hold prompts and answers, and a log says what a machine does; neither is anybody else's.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

FILE = 0o600
FOLDER = 0o700


def opener(path: str, flags: int) -> int:
    """Open as a file that is created private: `open(path, "ab", opener=opener)`."""
    return os.open(path, flags | os.O_CLOEXEC, FILE)


def make_folder(path: Path, *, exist_ok: bool = True) -> None:
    """Create a private folder and what is missing above it; raises OSError.

    A folder that exists keeps its permissions: it may be a person's own.
    """
    missing = [path]
    while not missing[-1].parent.exists() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER, exist_ok=exist_ok or folder != path)


def create(path: Path) -> None:
    """Create an empty private file and its folder where there is none; raises OSError.

    For what opens files by itself: SQLite takes a new file's permissions for those beside it.
    """
    make_folder(path.parent)
    try:
        # Not opened where it exists: closing it again would drop locks that this process holds.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
    except FileExistsError:
        return


def tighten(path: Path) -> None:
    """Make private what an older version left readable, below `path` too. Blocks.

    Links, and what belongs to somebody else, stay as they are. A private folder is not looked
    into: nobody else can reach what is in it.
    """
    for entry in _open_to_others(path):
        try:
            _restrict(entry)
        except OSError:
            # It went meanwhile, or the file system has no permissions.
            continue


def _open_to_others(path: Path) -> Iterator[Path]:
    try:
        status = path.lstat()
    except OSError:
        return
    if status.st_uid != os.geteuid() or not stat.S_IMODE(status.st_mode) & 0o077:
        return
    if stat.S_ISREG(status.st_mode):
        yield path
    if stat.S_ISDIR(status.st_mode):
        try:
            inside = sorted(path.iterdir())
        except OSError:
            inside = []
        for child in inside:
            yield from _open_to_others(child)
        # Last, so that a stop in the middle leaves the rest to the next start.
        yield path


def _restrict(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        os.fchmod(fd, mode & 0o700)
    finally:
        os.close(fd)
