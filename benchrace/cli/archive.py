"""Stored runs, wherever they are: below a data folder, or behind a central."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from benchrace.cli.client import Client
from benchrace.cli.service import central_service
from benchrace.config.places import runs_dir
from benchrace.errors import NotFound
from benchrace.ids import is_run_id
from benchrace.run.artifact import RunArtifact
from benchrace.run.document import RunDocument, document
from benchrace.stats.fold import Fold
from benchrace.store import reindex
from benchrace.store.artifacts import Artifacts
from benchrace.store.index import MOST, Index, Page, Query
from benchrace.store.row import RunRow
from benchrace.store.run_folder import RunFolder

_PIECE = 1 << 20


Made = tuple[RunArtifact, bytes | None]


class _File(RunArtifact, frozen=True, kw_only=True):
    state: str


class _Files(msgspec.Struct, frozen=True):
    artifacts: tuple[_File, ...]


class Archive(Protocol):
    """What the commands need of stored runs."""

    def page(self, limit: int, search: str | None) -> tuple[RunRow, ...]:
        """List runs, newest first."""
        ...

    def document(self, run_id: str) -> RunDocument:
        """Give a run with its figures."""
        ...

    def files(self, run_id: str) -> Iterator[Made]:
        """Give what a run's rounds made, with None for what is still on its machine."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete a run for good."""
        ...

    def where(self, run_id: str) -> str:
        """Say where a run is kept."""
        ...


@contextmanager
def archive(central: str | None, token: str | None, data: Path) -> Iterator[Archive]:
    """Give the runs of a central where one is named or runs on the data folder, else the folder's.

    While a central runs, the folder is its own: what deletes behind its back would confuse it.
    """
    running = None if central else central_service(data).living()
    if url := central or (running.url if running else None):
        with Client(url, token) as client:
            yield Behind(client)
        return
    yield Folder(data)


def find(kept: Archive, text: str) -> str:
    """Give the run whose id is `text`, or the only one that ends or starts with it."""
    if is_run_id(text):
        return text
    rows = kept.page(MOST, None)
    found = [each.run_id for each in rows if text in (each.run_id[: len(text)], each.run_id[-6:])]
    if len(found) != 1:
        how = (
            f"{len(found)} runs have ids that begin or end with" if found else "no run with the id"
        )
        raise NotFound(f"{how} {text[:80]!r}", "`benchrace runs list` lists them.")
    return found[0]


class Folder:
    """The runs below a data folder that no central serves now."""

    def __init__(self, data: Path) -> None:
        self._runs = runs_dir(data)
        self._index = index_path(data)

    def page(self, limit: int, search: str | None) -> tuple[RunRow, ...]:
        if not self._runs.is_dir():
            return ()
        index = Index(self._index)
        try:
            reindex.catch_up(index, self._runs)
            return index.page(Query(limit=limit, q=search)).runs
        finally:
            index.close()

    def document(self, run_id: str) -> RunDocument:
        folder = RunFolder.open(self._runs, run_id)
        return document(folder.metadata, _folded(folder).summary())

    def files(self, run_id: str) -> Iterator[Made]:
        folder = RunFolder.open(self._runs, run_id)
        kept = Artifacts(folder.path)
        for each in _folded(folder).artifacts.named:
            path = kept.path(each.sha256)
            yield each, path.read_bytes() if path.is_file() else None

    def delete(self, run_id: str) -> None:
        RunFolder.open(self._runs, run_id).delete()

    def where(self, run_id: str) -> str:
        return str(self._runs / run_id)


class Behind:
    """The runs of a central that answers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def page(self, limit: int, search: str | None) -> tuple[RunRow, ...]:
        answer = self._client.get("/api/runs", limit=limit, q=search)
        return msgspec.convert(answer, Page).runs

    def document(self, run_id: str) -> RunDocument:
        return self._client.document(run_id)

    def files(self, run_id: str) -> Iterator[Made]:
        path = f"/api/runs/{run_id}/artifacts"
        for each in msgspec.convert(self._client.get(path), _Files).artifacts:
            stored = each.state == "stored"
            yield each, self._client.data(f"{path}/{each.sha256}") if stored else None

    def delete(self, run_id: str) -> None:
        self._client.delete(f"/api/runs/{run_id}")

    def where(self, run_id: str) -> str:
        return f"{self._client.url}/api/runs/{run_id}"


def _folded(folder: RunFolder) -> Fold:
    fold = Fold(folder.metadata)
    with folder.log_path.open("rb") as log:
        while piece := log.read(_PIECE):
            fold.feed(piece)
    return fold


def index_path(data: Path) -> Path:
    """Name the index of a data folder."""
    return data / "index.sqlite"


def rebuild(data: Path, progress: Callable[[reindex.Progress], None]) -> reindex.Progress:
    """Make the index of a data folder again; raises `busy` while a central uses it."""
    index = Index(index_path(data))
    try:
        return reindex.rebuild(index, runs_dir(data), progress)
    finally:
        index.close()
