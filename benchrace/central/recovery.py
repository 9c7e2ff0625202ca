"""The runs that a central before this one left unfinished."""

import logging
from collections.abc import Iterator
from pathlib import Path

from benchrace.errors import BenchraceError
from benchrace.store.run_folder import RunFolder, run_ids
from benchrace.store.run_log import RunLog

log = logging.getLogger(__name__)


def unfinished(runs_dir: Path) -> list[tuple[RunFolder, RunLog]]:
    """Open every run without an end, oldest first, and make its log whole; blocking.

    A run whose metadata cannot be read is left as it is, and said in the log.
    """
    return list(_unfinished(runs_dir))[::-1]


def _unfinished(runs_dir: Path) -> Iterator[tuple[RunFolder, RunLog]]:
    for run_id in run_ids(runs_dir):
        # Each finished run has a summary: only the others need to be read.
        if (runs_dir / run_id / "summary.json").exists():
            continue
        try:
            folder = RunFolder.open(runs_dir, run_id)
            yield folder, RunLog.open(folder)
        except BenchraceError as error:
            log.warning("%s cannot be taken up again: %s %s", run_id, error.message, error.remedy)
