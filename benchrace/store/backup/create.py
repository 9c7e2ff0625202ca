"""Write a backup of a central, which may be running."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from benchrace import __version__, permissions
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic, regular
from benchrace.store.backup import archive
from benchrace.store.backup.manifest import (
    FORMAT,
    NAME,
    BackupFile,
    BackupProgress,
    Manifest,
    kept_files,
)
from benchrace.store.journal import last_newline

Report = Callable[[BackupProgress], None]


class _Hashed:
    """Read a file from its start and hash what is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def create(data: Path, target: Path, clock: Clock, report: Report | None = None) -> Manifest:
    """Write the backup of a data folder to `target`, whole or not at all. Blocks.

    A log is kept up to its last whole line, which is synced first: nothing in a backup was lost
    by central afterwards. Raises InvalidInput for the name, `busy` where `target` exists, and
    `disk_full` or `system` where a disk refuses.
    """
    archive.check_name(target)
    if target.exists():
        raise BenchraceError(
            Category.BUSY, f"{target} already exists", "Choose another name, or remove it first."
        )
    if not data.is_dir():
        raise BenchraceError(
            Category.SYSTEM,
            f"the data folder {data} does not exist",
            "Choose central's data folder with --data-dir.",
        )
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        with open(beside, "xb", opener=permissions.opener) as file:
            with archive.writing(file, target.name) as packed:
                manifest = _fill(packed, data, clock, report)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
        atomic.sync_folder(target.parent)
    except OSError as error:
        raise atomic.failure(target, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return manifest


def _fill(packed: tarfile.TarFile, data: Path, clock: Clock, report: Report | None) -> Manifest:
    folders = list(kept_files(data))
    files: list[BackupFile] = []
    for done, (_, paths) in enumerate(folders):
        for path in paths:
            # What was deleted meanwhile is not missing.
            with suppress(FileNotFoundError):
                files.append(_add(packed, data, path))
        if report is not None:
            size = sum(file.size for file in files)
            report(BackupProgress(done=done, runs=len(folders) - 1, size=size))
    manifest = Manifest(
        format=FORMAT, version=__version__, created_at=clock.wall_s(), files=tuple(files)
    )
    content = msgspec.json.encode(manifest)
    packed.addfile(_entry(NAME, len(content), clock.wall_s()), io.BytesIO(content))
    return manifest


def _add(packed: tarfile.TarFile, data: Path, path: str) -> BackupFile:
    try:
        fd = regular.open_regular(data / path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise atomic.failure(data / path, error) from error
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        size = status.st_size
        if path.endswith(".ndjson"):
            os.fsync(fd)
            size = last_newline(fd, size)
        hashed = _Hashed(file)
        packed.addfile(_entry(path, size, status.st_mtime), hashed)
    return BackupFile(path=path, size=size, sha256=hashed.digest.hexdigest())


def _entry(path: str, size: int, mtime: float) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime, entry.mode = size, int(mtime), permissions.FILE
    return entry
