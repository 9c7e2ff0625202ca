"""The runs below a data folder that no central serves now."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchrace.cli.runs.archive import ArtifactData
from benchrace.config.paths import runs_dir
from benchrace.store import regular
from benchrace.store.run_folder import RunFolder

if TYPE_CHECKING:
    from benchrace.config.retention import RetentionLimits
    from benchrace.run.document import RunDocument
    from benchrace.stats.fold import Fold
    from benchrace.store.index import Page
    from benchrace.store.reindex import Progress
    from benchrace.store.retention.pruning import Pruning

_READ_BYTES = 1 << 20


class FolderArchive:
    """The runs below a data folder that no central serves now."""

    def __init__(self, data: Path) -> None:
        self._runs = runs_dir(data)
        self._index = index_path(data)

    def page(self, limit: int, search: str | None, after: str | None = None) -> "Page":
        # Only lists need the index.
        from benchrace.store import reindex
        from benchrace.store.index import Index, Page
        from benchrace.store.query import Query

        if not self._runs.is_dir():
            return Page(runs=(), next=None)
        index = Index(self._index)
        try:
            reindex.catch_up(index, self._runs)
            return index.page(Query(limit=limit, q=search, after=after))
        finally:
            index.close()

    def document(self, run_id: str) -> "RunDocument":
        from benchrace.run.document import document

        folder = RunFolder.open(self._runs, run_id)
        return document(folder.metadata, _folded(folder).summary())

    def files(self, run_id: str) -> Iterator[ArtifactData]:
        from benchrace.store.artifacts import Artifacts  # Listing runs needs no digests.

        folder = RunFolder.open(self._runs, run_id)
        stored = Artifacts(folder.path)
        for artifact in _folded(folder).artifacts.named:
            path = stored.path(artifact.sha256)
            yield artifact, regular.read(path) if stored.has(artifact.sha256) else None

    def delete(self, run_id: str) -> None:
        RunFolder.open(self._runs, run_id).delete()

    def pin(self, run_id: str, *, pinned: bool) -> None:
        folder = RunFolder.open(self._runs, run_id)
        folder.save(msgspec.structs.replace(folder.metadata, pinned=pinned))

    def prune(self, limits: "RetentionLimits", config_dir: str | None, *, apply: bool) -> "Pruning":
        import time

        from benchrace.cli.service.settings import central_config
        from benchrace.config import paths
        from benchrace.store.retention import expired, pruning

        chosen = limits if limits.any else central_config(config_dir).retention
        baselines = expired.baseline_ids(paths.config_dir(config_dir))
        runs = tuple(expired.stored_runs(self._runs, baselines))
        planned = pruning.plan(runs, chosen, time.time())
        # The next list of runs finds that their folders are gone.
        return pruning.carry_out(self._runs, planned, lambda _: None) if apply else planned

    def where(self, run_id: str) -> tuple[str, str]:
        return "stored in", str(self._runs / run_id)


def _folded(folder: RunFolder) -> "Fold":
    # Listing runs needs neither statistics nor logs.
    from benchrace.stats.fold import Fold
    from benchrace.store.run_log import StoredLog

    fold = Fold(folder.metadata)
    log = StoredLog(folder.log_path, folder.metadata.epoch)
    offset = 0
    while piece := log.read(offset, _READ_BYTES):
        fold.feed(piece)
        offset += len(piece)
    log.close()
    return fold


def index_path(data: Path) -> Path:
    """Return the path of a data folder's index."""
    return data / "index.sqlite"


def rebuild(data: Path, progress: "Callable[[Progress], None]") -> "Progress":
    """Rebuild the index of a data folder; raises `busy` while a central uses it."""
    from benchrace.store import reindex
    from benchrace.store.index import Index

    index = Index(index_path(data))
    try:
        done = reindex.rebuild(index, runs_dir(data), progress)
        # Where the file was unusable, the index is only in memory.
        index.restore()
        return done
    finally:
        index.close()
