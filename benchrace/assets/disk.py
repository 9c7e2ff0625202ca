"""What the store asks of the disk: space for large files, and a remedy where it refuses."""

import errno
import shutil
from pathlib import Path

from benchrace.errors import BenchraceError, Category
from benchrace.formatting import file_size
from benchrace.store import atomic

# Left free, so that a download never fills the disk of the journals beside it.
RESERVE_BYTES = 256 << 20
_PRUNE = "or run: benchrace agent assets prune"


def failure(path: Path, error: OSError) -> BenchraceError:
    """Return what the system refused on a machine, and where."""
    if atomic.is_full(error):
        message = f"{path}: {error.strerror or error}"
        return BenchraceError(Category.DISK_FULL, message, f"Free space there, {_PRUNE}")
    if error.errno == errno.EROFS:
        return BenchraceError(
            Category.SYSTEM,
            f"{path}: {error.strerror or error}",
            "An installed service may only write to its own folders. Run: systemctl edit UNIT, and "
            "add under [Service]: ReadWritePaths=FOLDER",
        )
    return atomic.failure(path, error)


def free_bytes(folder: Path) -> int:
    """Return what may still be written below a folder, without the reserve. Blocks."""
    try:
        return max(0, shutil.disk_usage(folder).free - RESERVE_BYTES)
    except OSError as error:
        raise failure(folder, error) from error


def too_little(folder: Path, needed: int, free: int, remedy: str | None = None) -> BenchraceError:
    """Return the error of a disk that has no room for a file; the remedy is a machine's."""
    return BenchraceError(
        Category.DISK_FULL,
        f"{folder}: needs {file_size(needed)}, but only {file_size(free)} are available "
        f"({file_size(RESERVE_BYTES)} are kept free)",
        remedy or f"Free space there, choose another models_dir, {_PRUNE}",
    )
