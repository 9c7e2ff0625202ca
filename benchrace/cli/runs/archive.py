"""Stored runs, wherever they are: below a data folder, or behind a central."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from benchrace.cli.service.service import central_service
from benchrace.errors import NotFound
from benchrace.ids import is_run_id

if TYPE_CHECKING:
    from benchrace.config.retention import RetentionLimits
    from benchrace.run.artifact import RunArtifact
    from benchrace.run.document import RunDocument
    from benchrace.store.index import Page
    from benchrace.store.retention.pruning import Pruning
    from benchrace.store.run_row import RunRow

ArtifactData: TypeAlias = "tuple[RunArtifact, bytes | None]"


class Archive(Protocol):
    """What the commands need of stored runs."""

    def page(self, limit: int, search: str | None, after: str | None = None) -> "Page":
        """Return a page of runs, newest first, from the one before `after` on."""
        ...

    def document(self, run_id: str) -> "RunDocument":
        """Return a run with its figures."""
        ...

    def files(self, run_id: str) -> Iterator[ArtifactData]:
        """Yield a run's artifacts, with None for content that is still on its machine."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete a run for good."""
        ...

    def pin(self, run_id: str, *, pinned: bool) -> None:
        """Pin a run, or unpin it."""
        ...

    def prune(self, limits: "RetentionLimits", config_dir: str | None, *, apply: bool) -> "Pruning":
        """Return what limits remove, and remove it where `apply` is true.

        Without limits those of `central.yaml` hold, of the central or in `config_dir`.
        """
        ...

    def where(self, run_id: str) -> tuple[str, str]:
        """Return where people find a run, and what that is: a folder or a page."""
        ...


@contextmanager
def archive(central: str | None, token: str | None, data: Path) -> Iterator[Archive]:
    """Yield the runs of a central that is named or runs on the data folder, else the folder's.

    A running central owns its folder: runs must not be deleted behind its back.
    """
    running = None if central else central_service(data).running()
    if url := central or (running.url if running else None):
        from benchrace.cli.connect.client import Client
        from benchrace.cli.runs.archive_central import CentralArchive

        with Client(url, token, running.certificate if running else None) as client:
            yield CentralArchive(client)
        return
    from benchrace.cli.runs.archive_folder import FolderArchive

    yield FolderArchive(data)


def find(stored: Archive, text: str) -> str:
    """Return the run whose ID is `text`, or the only one that starts or ends with it."""
    if is_run_id(text):
        return text
    ids = [row.run_id for row in _all(stored, search=text)]
    matches = [run_id for run_id in ids if text in (run_id[: len(text)], run_id[-6:])]
    if len(matches) != 1:
        how = f"{len(matches)} run IDs start or end with" if matches else "no run with the ID"
        raise NotFound(f"{how} {text[:80]!r}", "Run `benchrace runs list` to list them.")
    return matches[0]


def _all(stored: Archive, search: str) -> "Iterator[RunRow]":
    """Read page by page, so that an old run is found as well."""
    from benchrace.store.query import MAX_ROWS

    after: str | None = None
    while True:
        page = stored.page(MAX_ROWS, search, after)
        yield from page.runs
        after = page.next
        if after is None:
            return
