"""A job's phases as its agent notes them from the worker."""

from types import SimpleNamespace
from typing import Any

from benchrace.agent.jobs.job import Job
from benchrace.notifier import Notifier
from benchrace.protocol.agent_worker import PhaseNow
from benchrace.run.states import JobPhase


def test_the_lane_that_is_being_opened_is_known() -> None:
    unused: Any = SimpleNamespace()
    job = Job(unused, unused, Notifier())
    lanes = []
    for lane_id in ("lane-0", "lane-1"):
        job.moved(PhaseNow(phase=JobPhase.OPENING, lane_id=lane_id))
        lanes.append(job.opening)
    assert lanes == ["lane-0", "lane-1"]
    job.moved(PhaseNow(phase=JobPhase.RUNNING))
    assert job.opening is None
    assert job.phases == [JobPhase.ACCEPTED, JobPhase.OPENING, JobPhase.RUNNING]
