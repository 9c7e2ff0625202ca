"""The engines of this machine that may still be working for jobs that have ended."""

from collections.abc import Iterator

from benchrace.agent.jobs.job import Job
from benchrace.events.envelope import JobDone
from benchrace.protocol.job import UnsettledLane
from benchrace.run.lane import JobLane


class Unsettled:
    """`lanes` are for the next job to wait for. A job that is done has waited for all of them."""

    def __init__(self) -> None:
        self.lanes: tuple[UnsettledLane, ...] = ()

    def ended(self, job: Job) -> None:
        """Note the end of a job, in the order in which jobs were accepted."""
        earlier = () if isinstance(job.end, JobDone) else self.lanes
        own = tuple(
            UnsettledLane(job_id=job.job_id, kind=job.spec.kind, lane=lane) for lane in _own(job)
        )
        # The newest lane of an engine stands for the older ones: one answer comes after them all.
        newest = {_question(left): left for left in (*earlier, *own)}
        self.lanes = tuple(newest.values())


def _own(job: Job) -> Iterator[JobLane]:
    """Yield the lanes that may have left a request: of a job that is not done, all of them."""
    for lane in job.spec.lanes:
        if not isinstance(job.end, JobDone) or lane.lane_id in job.end.payload.unsettled:
            yield lane


def _question(left: UnsettledLane) -> tuple[str, str, str]:
    """Identify what is asked of whom: lanes that differ in more load or wait alike."""
    params = left.lane.params
    return left.lane.backend, str(params.get("server", "")), str(params.get("model", ""))
