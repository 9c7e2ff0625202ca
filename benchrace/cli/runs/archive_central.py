"""The runs of a central that answers."""

from collections.abc import Iterator

import msgspec

from benchrace.api.artifacts import ArtifactList, ArtifactState
from benchrace.cli.connect.client import Client
from benchrace.cli.runs.archive import ArtifactData
from benchrace.config.retention import RetentionLimits
from benchrace.run.document import RunDocument
from benchrace.store.index import Page
from benchrace.store.retention.pruning import Pruning


class CentralArchive:
    """The runs of a central that answers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def page(self, limit: int, search: str | None, after: str | None = None) -> Page:
        answer = self._client.get("/api/runs", limit=limit, q=search, after=after)
        return self._client.convert(answer, Page)

    def document(self, run_id: str) -> RunDocument:
        return self._client.document(run_id)

    def files(self, run_id: str) -> Iterator[ArtifactData]:
        path = f"/api/runs/{run_id}/artifacts"
        for artifact in self._client.convert(self._client.get(path), ArtifactList).artifacts:
            stored = artifact.state is ArtifactState.STORED
            yield artifact, self._client.data(f"{path}/{artifact.sha256}") if stored else None

    def delete(self, run_id: str) -> None:
        self._client.delete(f"/api/runs/{run_id}")

    def pin(self, run_id: str, *, pinned: bool) -> None:
        self._client.patch(f"/api/runs/{run_id}", {"pinned": pinned})

    def prune(self, limits: RetentionLimits, config_dir: str | None, *, apply: bool) -> Pruning:
        if apply:
            answer = self._client.post("/api/retention", limits)
        else:
            answer = self._client.get("/api/retention", **msgspec.to_builtins(limits))
        return self._client.convert(answer, Pruning)

    def where(self, run_id: str) -> tuple[str, str]:
        return "page", f"{self._client.url}/runs/{run_id}"
