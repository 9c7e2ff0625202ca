"""The folder of one run: its metadata, its log, its summary."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import RunId, is_run_id
from benchrace.run.flat import flat
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RunSummary
from benchrace.store import atomic, regular
from benchrace.store.retention.leftovers import DELETED

METADATA = "metadata.json"
EVENTS = "events.ndjson"
SUMMARY = "summary.json"
DERIVED = "derived.json"


class RunFolder:
    """`runs/<run_id>/`, by `create` or `open`; all its writes are whole, synced, blocking."""

    def __init__(self, path: Path, metadata: RunMetadata) -> None:
        self.path = path
        self.metadata = metadata

    @classmethod
    def create(cls, runs_dir: Path, metadata: RunMetadata) -> "RunFolder":
        """Create the folder of a new run; it survives a power loss when this returns."""
        path = folder_path(runs_dir, metadata.run_id)
        try:
            regular.make_folder(runs_dir, path.name)
        except FileExistsError as error:
            raise BenchraceError(Category.BUSY, f"{path} already exists") from error
        except OSError as error:
            raise atomic.failure(path, error) from error
        folder = cls(path, metadata)
        try:
            folder.save(metadata)
            atomic.write(folder.log_path, b"")
            atomic.sync_folder(runs_dir)
        except BenchraceError:
            regular.undo_folder(path, (METADATA, EVENTS))
            raise
        return folder

    @classmethod
    def open(cls, runs_dir: Path, run_id: str) -> "RunFolder":
        """Open a run's folder; raises `NotFound`, or `system` where its metadata is damaged."""
        path = folder_path(runs_dir, run_id)
        if path.is_symlink():
            raise _unknown(run_id)
        try:
            data = regular.read(path / METADATA)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _unknown(run_id) from error
        except OSError as error:
            raise atomic.failure(path / METADATA, error) from error
        metadata = _decode(path / METADATA, data)
        if metadata.run_id != run_id:
            raise BenchraceError(
                Category.SYSTEM,
                f"{path / METADATA} is the metadata of another run, {metadata.run_id}",
                "Move the folder away, or restore its own metadata.json.",
            )
        return cls(path, metadata)

    @property
    def run_id(self) -> RunId:
        return self.metadata.run_id

    @property
    def log_path(self) -> Path:
        return self.path / EVENTS

    @property
    def summary_path(self) -> Path:
        return self.path / SUMMARY

    def save(self, metadata: RunMetadata) -> None:
        """Replace the metadata, on disk and here."""
        atomic.write(self.path / METADATA, _encode(metadata))
        self.metadata = metadata

    def raise_epoch(self, by: int = 1) -> None:
        """Make every offset into the log that a reader holds invalid."""
        metadata = self.metadata
        self.save(msgspec.structs.replace(metadata, epoch=metadata.epoch + by))

    def save_summary(self, summary: RunSummary) -> None:
        """Replace the summary; it is derived, and can always be made again from the log.

        The older flat objects, by machine or lane, stand beside the native fields.
        """
        whole = flat(summary) | msgspec.to_builtins(summary)
        atomic.write(
            self.summary_path, msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"
        )

    def delete(self) -> None:
        """Remove the run; a half-removed folder is never taken for a run."""
        import shutil  # It brings three compressors, which a list of runs does not need.

        away = self.path.with_name(f"{DELETED}{self.path.name}-{os.urandom(4).hex()}")
        try:
            self.path.rename(away)
            atomic.sync_folder(away.parent)
            shutil.rmtree(away)
        except FileNotFoundError as error:
            raise _unknown(self.path.name) from error
        except OSError as error:
            raise atomic.failure(self.path, error) from error


def folder_path(runs_dir: Path, run_id: str) -> Path:
    """Return a run's folder; raises `NotFound` for an invalid run id."""
    if not is_run_id(run_id):
        raise _unknown(run_id)
    return runs_dir / run_id


def run_ids(runs_dir: Path) -> Iterator[RunId]:
    """Return the runs that have a folder, newest first."""
    try:
        names = [folder.name for folder in runs_dir.iterdir() if is_run_id(folder.name)]
    except FileNotFoundError:
        return
    yield from sorted(names, reverse=True)


def _encode(metadata: RunMetadata) -> bytes:
    """Add the flat keys that readers of older files look for."""
    params = metadata.spec.params
    flat = {"prompt": params.get("prompt"), "model": params.get("model"), "settings": params}
    whole = msgspec.to_builtins(metadata)
    return msgspec.json.format(msgspec.json.encode(flat | whole), indent=1) + b"\n"


def _decode(path: Path, data: bytes) -> RunMetadata:
    try:
        return structs.decode(data, RunMetadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} cannot be read: {error}",
            "Repair the file, or move the run's folder away.",
        ) from error


def _unknown(run_id: str) -> NotFound:
    return NotFound(f"run {run_id[:80]!r} not found", "List the runs with: benchrace runs list.")
