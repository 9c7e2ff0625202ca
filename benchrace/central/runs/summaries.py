"""Summaries of runs that are over."""

import msgspec

from benchrace import structs
from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.stats.image.likeness import with_likeness
from benchrace.stats.result.result import result
from benchrace.store import likeness, regular
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog


def summary_of(folder: RunFolder) -> RunSummary:
    """Read a stored run's summary, or fold its log again where it has none; blocking."""
    try:
        summary = structs.decode(regular.read(folder.summary_path), RunSummary)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        summary = _folded(folder)
    if summary.result is None:
        # An older version stored it: its numbers give the result as well.
        summary = msgspec.structs.replace(
            summary, result=result(folder.metadata, summary, over=True)
        )
    stored = likeness.read(folder.path)
    return summary if stored is None else with_likeness(summary, stored.lanes)


def _folded(folder: RunFolder) -> RunSummary:
    fold = Fold(folder.metadata)
    log = StoredLog(folder.log_path, folder.metadata.epoch)
    offset = 0
    while lines := log.read(offset):
        fold.feed(lines)
        offset += len(lines)
    log.close()
    return fold.summary()
