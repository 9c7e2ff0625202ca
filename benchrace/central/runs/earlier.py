"""What the lanes of stored runs took, to estimate a new one."""

from collections.abc import Iterator
from pathlib import Path

from benchrace.central.runs.summaries import summary_of
from benchrace.errors import BenchraceError
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.duration import Estimate, LaneTimes, estimate, lane_times
from benchrace.run.states import RunState
from benchrace.store.index import Index
from benchrace.store.query import Query
from benchrace.store.run_folder import RunFolder

MAX_RUNS = 30
_MAX_CACHED = 200


class EarlierRuns:
    """All calls block: use them from a thread."""

    def __init__(self, index: Index, runs_dir: Path) -> None:
        self._index = index
        self._runs_dir = runs_dir
        self._cached: dict[str, LaneTimes | None] = {}

    def estimate(self, run: RunMetadata) -> Estimate:
        """Estimate a planned run from the newest runs of its kind that used its machines."""
        return estimate(run, self._times(run))

    def _times(self, run: RunMetadata) -> Iterator[LaneTimes]:
        machine_ids = {lane.machine_id for lane in run.lanes}
        # A cancelled run knows what its rounds took, and not what comes around them.
        for state in (RunState.DONE, RunState.CANCELLED):
            page = self._index.page(Query(limit=MAX_RUNS, kind=run.kind, state=state))
            for row in page.runs:
                if machine_ids.isdisjoint(lane.machine_id for lane in row.lanes):
                    continue
                if (times := self._read(row.run_id)) is not None:
                    yield times

    def _read(self, run_id: str) -> LaneTimes | None:
        """Return what a run's lanes took; a run that is over does not change."""
        if run_id not in self._cached:
            try:
                folder = RunFolder.open(self._runs_dir, run_id)
                times = lane_times(folder.metadata, summary_of(folder))
            except BenchraceError:
                # It was deleted meanwhile, or is damaged: an estimate can do without.
                return None
            while len(self._cached) >= _MAX_CACHED:
                self._cached.pop(next(iter(self._cached)), None)
            self._cached[run_id] = times
        return self._cached[run_id]
