"""A run as it is answered: its document, and where its log is."""

from pathlib import Path

import msgspec
from anyio import to_thread

from benchrace.central.central import Central
from benchrace.run.document import RunDocument
from benchrace.run.document import document as put_together
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog


class RunAnswer(RunDocument, frozen=True, kw_only=True):
    """`offset`, with `epoch`, says up to where the log is part of this, to read on from there.

    `queue_position` counts from 1 and is null for a run that does not wait.
    """

    offset: int
    queue_position: int | None = None


async def answer(central: Central, run_id: str) -> RunAnswer:
    """Describe a run, live or stored; raises `NotFound`."""
    live = central.live(run_id)
    if live is not None:
        made = _answer(live.metadata, live.fold.summary(), live.log.size)
        return msgspec.structs.replace(made, queue_position=central.queue_position(run_id))
    return await to_thread.run_sync(_stored, central.runs_dir, run_id)


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


def _stored(runs_dir: Path, run_id: str) -> RunAnswer:
    folder = RunFolder.open(runs_dir, run_id)
    log = StoredLog(folder.log_path, folder.metadata.epoch)
    size = log.size
    log.close()
    return _answer(folder.metadata, summary_of(folder), size)


def _answer(metadata: RunMetadata, summary: RunSummary, offset: int) -> RunAnswer:
    known = msgspec.structs.asdict(put_together(metadata, summary))
    return RunAnswer(**known, offset=offset)
