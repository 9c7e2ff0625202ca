"""Rebuild the index of runs from their folders."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, NotFound
from benchrace.ids import RunId
from benchrace.run.summary import RunSummary
from benchrace.store import regular
from benchrace.store.index import Entry, Index
from benchrace.store.run_folder import RunFolder, run_ids

BATCH = 200


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """`done` of `total` runs; `skipped` are those whose metadata cannot be read, with why."""

    done: int
    total: int
    skipped: tuple[str, ...] = ()


def rebuild(
    index: Index, runs_dir: Path, progress: Callable[[Progress], None] | None = None
) -> Progress:
    """Read every run's folder, and forget the runs that have none; blocking."""
    # Before the first run is read: an index that breaks meanwhile is stale once more.
    index.stale = False
    try:
        return _read(index, runs_dir, list(run_ids(runs_dir)), progress)
    except BaseException:
        index.stale = True
        raise


def catch_up(
    index: Index, runs_dir: Path, progress: Callable[[Progress], None] | None = None
) -> Progress:
    """Read the runs that the index does not have or has as unfinished; blocking."""
    if index.stale:
        return rebuild(index, runs_dir, progress)
    states = index.states()
    wanted = [
        run_id for run_id in run_ids(runs_dir) if run_id not in states or not states[run_id].final
    ]
    return _read(index, runs_dir, wanted, progress)


def entry(folder: RunFolder) -> Entry:
    """Read what the index keeps of a run; an unreadable summary counts as none."""
    try:
        summary = structs.decode(regular.read(folder.summary_path), RunSummary)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return folder.metadata, None
    return folder.metadata, summary


def _read(
    index: Index,
    runs_dir: Path,
    wanted: Sequence[RunId],
    progress: Callable[[Progress], None] | None,
) -> Progress:
    skipped: list[str] = []
    now = Progress(done=0, total=len(wanted))
    for batch in _batches(wanted):
        index.put_all(_entries(runs_dir, batch, skipped))
        now = Progress(done=now.done + len(batch), total=now.total, skipped=tuple(skipped))
        if progress is not None:
            progress(now)
    present = set(run_ids(runs_dir))
    index.remove([state for state in index.states() if state not in present])
    return now


def _batches(wanted: Sequence[RunId]) -> Iterator[Sequence[RunId]]:
    for start in range(0, len(wanted), BATCH):
        yield wanted[start : start + BATCH]


def _entries(runs_dir: Path, batch: Sequence[RunId], skipped: list[str]) -> Iterator[Entry]:
    for run_id in batch:
        try:
            yield entry(RunFolder.open(runs_dir, run_id))
        except NotFound:
            # It was deleted meanwhile.
            continue
        except BenchraceError as error:
            skipped.append(f"{run_id}: {error.message}")
