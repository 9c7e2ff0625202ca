"""The files to fetch from one machine, in the order in which they were named."""

from benchrace.central.fleet.session import Session
from benchrace.run.artifact import RunArtifact

Key = tuple[str, str]
"""A run's id, and a digest."""


class PendingArtifacts:
    """A queue of files. Pure. A failed file is tried again on the machine's next link."""

    def __init__(self) -> None:
        self._todo: dict[Key, RunArtifact] = {}
        self._failed: dict[Key, tuple[RunArtifact, str]] = {}
        self._session: Session | None = None
        self._rest_ns = 0
        self._busy = False

    @property
    def runs(self) -> frozenset[str]:
        """Name the runs that lack files."""
        return frozenset(run_id for run_id, _ in (*self._todo, *self._failed))

    def add(self, run_id: str, artifact: RunArtifact) -> None:
        """Note a file; one that is known already stays as it stands."""
        key = (run_id, artifact.sha256)
        if key not in self._failed:
            self._todo.setdefault(key, artifact)

    def begin(self, session: Session, now_ns: int) -> bool:
        """Return whether to start fetching now; true only once until `end`."""
        if session is not self._session:
            self._session, self._rest_ns = session, 0
            self._todo.update({key: artifact for key, (artifact, _) in self._failed.items()})
        if self._busy or not self._todo or now_ns < self._rest_ns:
            return False
        self._busy = True
        return True

    def end(self) -> None:
        self._busy = False

    def rest(self, until_ns: int) -> None:
        """Leave the machine alone until then, or until it links again."""
        self._rest_ns = until_ns

    def next(self) -> tuple[Key, RunArtifact] | None:
        return next(iter(self._todo.items()), None)

    def done(self, key: Key) -> None:
        self._todo.pop(key, None)
        self._failed.pop(key, None)

    def failed(self, key: Key, why: str) -> None:
        """Put a file aside until the machine's next link."""
        if (artifact := self._todo.pop(key, None)) is not None:
            self._failed[key] = (artifact, why)

    def why(self, key: Key) -> str | None:
        """Return why the last attempt to fetch a file failed."""
        entry = self._failed.get(key)
        return None if entry is None else entry[1]

    def forget(self, run_id: str) -> None:
        """Drop the files of a run that is gone."""
        for key in [key for key in self._todo if key[0] == run_id]:
            del self._todo[key]
        for key in [key for key in self._failed if key[0] == run_id]:
            del self._failed[key]
