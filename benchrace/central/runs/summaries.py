"""Summaries of runs that are over."""

import msgspec

from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.stats.result.result import result
from benchrace.store import regular
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog


def summary_of(folder: RunFolder) -> RunSummary:
    """Read a stored run's summary, or fold its log again where it has none; blocking."""
    try:
        summary = msgspec.json.decode(regular.read(folder.summary_path), type=RunSummary)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fold = Fold(folder.metadata)
        log = StoredLog(folder.log_path, folder.metadata.epoch)
        offset = 0
        while lines := log.read(offset):
            fold.feed(lines)
            offset += len(lines)
        log.close()
        return fold.summary()
    if summary.result is not None:
        return summary
    # An older version stored it: its numbers give the result as well.
    return msgspec.structs.replace(summary, result=result(folder.metadata, summary, over=True))
