"""How lanes and jobs end before their schedule does, as their events say."""

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import JobCancelled, JobError, JobTimeout, LaneError
from benchrace.run.clients import jobs_of, machines_of
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata, machine_label
from benchrace.stats.clients.naming import of_machine

Ended = JobError | JobTimeout | JobCancelled | LaneError


def belongs(lane: RunLane, event: Ended) -> bool:
    """Check whether an end is of one of a lane's jobs; before these have names any machine's is."""
    if lane.job_id is None:
        return event.machine_id in (None, *machines_of(lane))
    return event.job_id in jobs_of(lane)


def failure_of(metadata: RunMetadata, lane: RunLane, event: Ended) -> Failure:
    """Return what an end means for a lane; of several machines it names the one that failed."""
    failure = _failure(event)
    if not lane.clients or event.machine_id is None or isinstance(event, JobCancelled):
        return failure
    return of_machine(machine_label(metadata, event.machine_id), failure)


def _failure(event: Ended) -> Failure:
    match event:
        case LaneError():
            return event.payload.error
        case JobCancelled():
            return BenchraceError(Category.CANCELLED, event.payload.reason).failure()
        case JobTimeout(payload=end):
            return BenchraceError(end.category, end.message, end.remedy).failure()
        case JobError(payload=end):
            error = BenchraceError(end.category, end.message, end.remedy, detail=end.detail)
            return error.failure()
