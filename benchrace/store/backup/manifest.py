"""What a backup holds: the last file of its archive, by which all others are checked."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from benchrace.ids import is_run_id, is_sha256
from benchrace.store import artifacts
from benchrace.store.run_folder import run_ids

NAME = "MANIFEST.json"
FORMAT = 1
CENTRAL, RUNS = "central", "runs"
# What a running central alone needs: whoever reads it may log in.
_PRIVATE = frozenset({"local.key"})
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: its path below the data folder, bytes, and SHA-256 in hex."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is benchrace's; `created_at` in wall seconds."""

    format: int
    version: str
    created_at: float
    files: tuple[BackupFile, ...]


class BackupProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What has been written or read so far; `runs` is null while their number is unknown."""

    done: int
    runs: int | None
    size: int


def is_kept(path: str) -> bool:
    """Check whether a path is one that backups hold, and is safe to write below a folder."""
    match PurePosixPath(path).parts:
        case ("central", name):
            return _FILE.fullmatch(name) is not None and name not in _PRIVATE
        case ("runs", run_id, name):
            return is_run_id(run_id) and _FILE.fullmatch(name) is not None
        case ("runs", run_id, artifacts.FOLDER, name):
            return is_run_id(run_id) and is_sha256(name)
    return False


def kept_files(data: Path) -> Iterator[tuple[str | None, list[str]]]:
    """Yield the files to keep, by run: first central's own, with None for a run. Blocks.

    A run's log comes last: what its metadata and summary say is in it.
    """
    yield None, _listed(data, CENTRAL)
    for run_id in run_ids(data / RUNS):
        folder = f"{RUNS}/{run_id}"
        files = _listed(data, folder)
        files.sort(key=lambda path: path.endswith(".ndjson"))
        yield run_id, [*_listed(data, f"{folder}/{artifacts.FOLDER}"), *files]


def _listed(data: Path, folder: str) -> list[str]:
    try:
        names = sorted(path.name for path in (data / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        path for name in names if is_kept(path := f"{folder}/{name}") and not (data / path).is_dir()
    ]
