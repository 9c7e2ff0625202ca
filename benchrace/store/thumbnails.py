"""Small images of a run's artifacts, `runs/<run_id>/thumbnails/<sha256>`: derived, and made once.

One that is empty says that the image itself is shown.
"""

from pathlib import Path

from benchrace import permissions
from benchrace.ids import is_sha256
from benchrace.store import atomic, regular

FOLDER = "thumbnails"


def made_of(run: Path) -> frozenset[str]:
    """Return the digests of the images that were looked at. Blocking."""
    try:
        return frozenset(file.name for file in (run / FOLDER).iterdir() if is_sha256(file.name))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def read(run: Path, sha256: str) -> bytes:
    """Return the small image of an artifact, empty where there is none. Blocking."""
    if not is_sha256(sha256):
        return b""
    try:
        return regular.read(run / FOLDER / sha256)
    except OSError:
        return b""


def write(run: Path, sha256: str, data: bytes) -> None:
    """Store the small image of an artifact; raises what the disk refuses. Blocking."""
    if not is_sha256(sha256):
        raise ValueError(f"invalid SHA-256 {sha256[:80]!r}")
    # Not one of a run that was deleted meanwhile.
    if run.is_dir():
        permissions.make_folder(run / FOLDER)
        atomic.write(run / FOLDER / sha256, data)
