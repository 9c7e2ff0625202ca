"""Restore a backup into an empty data folder; every file is checked before any is used."""

import hashlib
import os
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

from benchrace import permissions, structs
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.store.backup import archive
from benchrace.store.backup.manifest import (
    CENTRAL,
    FORMAT,
    NAME,
    RUNS,
    BackupFile,
    BackupProgress,
    Manifest,
    is_kept,
)
from benchrace.store.run_folder import RunFolder, run_ids

_CHUNK = 1 << 20
_MAX_MANIFEST = 1 << 30
_AGAIN = "Copy the backup again, or use another one."


def restore(
    source: Path, data: Path, report: Callable[[BackupProgress], None] | None = None
) -> Manifest:
    """Restore the backup `source` into `data`, which is empty or missing. Blocks.

    Viewers have read more of a run that was in progress than the backup has of it. Its log goes on
    from there with other lines, so it gets an epoch that none of them has seen.

    Raises `busy` for a folder with anything in it, InvalidInput for another kind of file, and
    `system` for a backup that is damaged or incomplete; `data` is then as it was.
    """
    archive.check_name(source)
    _refuse_full(data)
    try:
        permissions.make_folder(data)
        with _beside(data) as folder:
            unpacked, manifest = _unpack(source, folder, report)
            _check(source, unpacked, manifest)
            _raise_epochs(folder / RUNS, int(time.time()))
            for name in (CENTRAL, RUNS):
                permissions.make_folder(folder / name)
                (folder / name).rename(data / name)
            atomic.sync_folder(data)
    except OSError as error:
        raise atomic.failure(data, error) from error
    return manifest


def _refuse_full(data: Path) -> None:
    try:
        name = next(data.iterdir()).name
    except (FileNotFoundError, StopIteration):
        return
    except OSError as error:
        raise atomic.failure(data, error) from error
    raise BenchraceError(
        Category.BUSY,
        f"{data} is not empty: it holds {name}",
        "Restore into a new folder, and choose it with --data-dir from then on.",
    )


@contextmanager
def _beside(data: Path) -> Iterator[Path]:
    """Provide a folder on the same disk that is gone afterwards, with what is still in it."""
    folder = data / f".restoring-{os.urandom(4).hex()}"
    folder.mkdir(mode=permissions.FOLDER)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(
    source: Path, folder: Path, report: Callable[[BackupProgress], None] | None
) -> tuple[dict[str, BackupFile], Manifest]:
    unpacked: dict[str, BackupFile] = {}
    size, runs = 0, set[str]()
    try:
        with source.open("rb") as file, archive.reading(file, source.name) as packed:
            for entry in packed:
                content = packed.extractfile(entry)
                if content is None or (entry.name != NAME and not is_kept(entry.name)):
                    raise _damaged(source, f"it holds {entry.name[:200]!r}, which no backup has")
                if entry.name == NAME:
                    return unpacked, _manifest(source, entry, content)
                unpacked[entry.name] = _write(folder, entry.name, content)
                size += entry.size
                runs.update(entry.name.split("/")[1:-1][:1])
                if report is not None:
                    report(BackupProgress(done=len(runs), runs=None, size=size))
    except archive.DAMAGE as error:
        raise _damaged(source, str(error) or type(error).__name__) from error
    except FileNotFoundError as error:
        if source.exists():
            raise
        raise BenchraceError(
            Category.SYSTEM, f"{source} does not exist", "Correct the path of the backup."
        ) from error
    raise _damaged(source, "its end is missing")


def _write(folder: Path, path: str, content: IO[bytes]) -> BackupFile:
    target = folder / path
    permissions.make_folder(target.parent)
    digest, size = hashlib.sha256(), 0
    with open(target, "xb", opener=permissions.opener) as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return BackupFile(path=path, size=size, sha256=digest.hexdigest())


def _manifest(source: Path, entry: tarfile.TarInfo, content: IO[bytes]) -> Manifest:
    if entry.size > _MAX_MANIFEST:
        raise _damaged(source, "its list of files is too long")
    try:
        manifest = structs.decode(content.read(), Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(source, f"its list of files cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BenchraceError(
            Category.SYSTEM,
            f"{source} was written by benchrace {manifest.version} in format {manifest.format}",
            "Restore it with that version.",
        )
    return manifest


def _check(source: Path, unpacked: dict[str, BackupFile], manifest: Manifest) -> None:
    listed = {file.path: file for file in manifest.files}
    for path, file in listed.items():
        if path not in unpacked:
            raise _damaged(source, f"{path} is missing")
        if unpacked[path] != file:
            raise _damaged(source, f"the checksum of {path} is wrong")
    if extra := unpacked.keys() - listed:
        raise _damaged(source, f"{min(extra)} is not in its list of files")


def _raise_epochs(runs_dir: Path, now_s: int) -> None:
    for run_id in run_ids(runs_dir):
        # A run that is damaged was so before the backup: the index names it.
        try:
            folder = RunFolder.open(runs_dir, run_id)
        except BenchraceError:
            continue
        if not folder.summary_path.exists():
            # Central raises it by one for each cut of a log. The same backup, restored again later,
            # gets another one.
            folder.raise_epoch(max(1, now_s - folder.metadata.epoch))


def _damaged(source: Path, why: str) -> BenchraceError:
    with suppress(OSError):
        source = source.absolute()
    return BenchraceError(Category.SYSTEM, f"{source} is damaged or incomplete: {why}", _AGAIN)
