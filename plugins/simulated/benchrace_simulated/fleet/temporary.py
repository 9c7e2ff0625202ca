"""The folder of a fleet that keeps nothing, also where the fleet before it was killed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchrace.store.journal import Journal, is_held

_PREFIX = "benchrace-simulated-"
_LOCK = "fleet.lock"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Provide a folder that is gone afterwards; remove those that killed fleets have left."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        # Not the id of the process: other containers may share this folder, and count their own.
        # The lock stays with the file when it is renamed: it never has this name unlocked.
        with Journal(folder / f"{_LOCK}.new") as lock:
            lock.path.rename(folder / _LOCK)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(temporary: Path) -> None:
    for folder in temporary.glob(f"{_PREFIX}*"):
        lock = folder / _LOCK
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid() or not lock.exists():
                continue
        except OSError:
            continue
        if not is_held(lock):
            shutil.rmtree(folder, ignore_errors=True)
