"""The index of runs while central serves: updated on changes, and repaired after failures."""

import logging
from collections.abc import Callable
from pathlib import Path

import anyio
from anyio import to_thread

from benchrace.errors import BenchraceError, with_remedy
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RunSummary
from benchrace.store import reindex
from benchrace.store.index import Index

log = logging.getLogger(__name__)
_MAX_PAUSE_S = 60.0


class Indexing:
    """`run` keeps the index whole; `stopping` says that central ends.

    A damaged, locked or full file stops nothing: the index goes on in memory until its file can
    be used again.
    """

    def __init__(
        self, index: Index, runs_dir: Path, retry_s: float, stopping: Callable[[], bool]
    ) -> None:
        self._index = index
        self._runs_dir = runs_dir
        self._retry_s = retry_s
        self._stopping = stopping

    async def changed(self, metadata: RunMetadata, summary: RunSummary | None) -> None:
        """Index a run whose state was stored."""
        try:
            await to_thread.run_sync(self._index.put, metadata, summary)
        except BenchraceError as error:
            # The run's folder is the truth; the next start reads it again.
            log.warning("%s is missing from the index: %s", metadata.run_id, error.message)

    async def run(self) -> None:
        """Read what the index lacks, now and whenever it breaks, until cancelled."""
        await self._attempt(lambda: self._read(reindex.catch_up))
        wait_s = self._retry_s
        while not self._stopping():
            await anyio.sleep(wait_s)
            whole = await self._attempt(self._heal)
            wait_s = self._retry_s if whole else min(2 * wait_s, _MAX_PAUSE_S)

    def _heal(self) -> None:
        if self._index.stale:
            log.warning("rebuilding the index from the folders of the runs")
            self._read(reindex.rebuild)
        if self._index.trouble is not None:
            self._index.restore()
            log.info("the index file is in use again")

    def _read(self, read: Callable[..., reindex.Progress]) -> None:
        def progress(now: reindex.Progress) -> None:
            if self._stopping():
                raise InterruptedError
            if now.done < now.total:
                log.info("index: %d of %d runs", now.done, now.total)

        read(self._index, self._runs_dir, progress)

    async def _attempt(self, call: Callable[[], None]) -> bool:
        """Do it in a thread; false where it failed, which is not the end of anything."""
        try:
            await to_thread.run_sync(call)
        except InterruptedError:
            return True
        except BenchraceError as error:
            log.warning("the index is not up to date: %s", with_remedy(error.message, error.remedy))
            return False
        except OSError as error:
            log.warning("the index is not up to date: %s", error)
            return False
        return True


def banner(index: Index) -> str | None:
    """Return what is wrong with the list of runs; None while its file is used."""
    trouble = index.trouble
    if trouble is None:
        return None
    reading = " It is being rebuilt and may be incomplete." if index.stale else ""
    return (
        f"The list of runs is kept in memory: {trouble.message}.{reading} No run is lost; "
        "central writes the index file again as soon as it can."
    )
