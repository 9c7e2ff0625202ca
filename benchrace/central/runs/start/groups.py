"""Which jobs of a run begin a heat together: those of all lanes, or of one with clients. Pure."""

from benchrace.run.clients import jobs_of
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Sync

# A heat, and the lane whose jobs begin it by themselves; null for all jobs.
StartKey = tuple[int, str | None]


class StartGroups:
    """Groups jobs by heat. Machines of a lane with clients begin each of its rounds together.

    The other lanes take part in that only where `sync` asks every machine to.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        self._lanes = {
            job_id: lane.lane_id
            for lane in metadata.lanes
            if lane.clients
            for job_id in jobs_of(lane)
            if job_id is not None
        }
        self._apart = metadata.sync is not Sync.EVERY_HEAT
        own = dict.fromkeys(self._lanes.values()) if self._apart else ()
        self.lanes: tuple[str | None, ...] = (None, *own)

    def key(self, job_id: str, heat: int) -> StartKey:
        """Return what a job's heat is part of; the first heat is one of all machines."""
        return heat, self._lanes.get(job_id) if self._apart and heat > 0 else None

    def lane_of(self, job_id: str) -> str | None:
        """Return the lane with clients that a job is of."""
        return self._lanes.get(job_id)

    def partners(self, job_id: str) -> tuple[str, ...]:
        """Return the jobs of the same lane with clients, itself included; else only itself."""
        if (lane_id := self._lanes.get(job_id)) is None:
            return (job_id,)
        return tuple(job for job, lane in self._lanes.items() if lane == lane_id)
