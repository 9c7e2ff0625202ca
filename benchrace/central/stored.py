"""What is read of a run that is over."""

import msgspec

from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog


def summary_of(folder: RunFolder) -> RunSummary:
    """Read a stored run's summary, or fold its log again where it has none; blocking."""
    try:
        return msgspec.json.decode(folder.summary_path.read_bytes(), type=RunSummary)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fold = Fold(folder.metadata)
        log = StoredLog(folder.log_path, folder.metadata.epoch)
        offset = 0
        while lines := log.read(offset):
            fold.feed(lines)
            offset += len(lines)
        log.close()
        return fold.summary()
