"""Which lanes the next job has to wait for, by how the jobs before it ended."""

from pathlib import Path
from typing import Any, cast

import pytest

from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.unsettled import Unsettled
from benchrace.errors import Category
from benchrace.events import JobCancelled, JobDone, JobError, encode
from benchrace.events import payloads as p
from benchrace.events.envelope import Stream
from benchrace.notifier import Notifier
from benchrace.testing import job_lane, job_spec

CANCELLED = (JobCancelled, p.JobCancelledPayload(reason="enough"))
KILLED = (
    JobError,
    p.JobErrorPayload(category=Category.WORKER_DIED, message="killed", remedy="Look at it."),
)
DONE = (JobDone, p.JobDonePayload(metrics={}))
ONE_FAILED = (JobDone, p.JobDonePayload(metrics={}, unsettled=("lane-1",)))


def ended(unsettled: Unsettled, end: Any, *models: str) -> None:
    lanes = [job_lane(at, "engine", {"model": model}) for at, model in enumerate(models)]
    spec = job_spec("scripted", lanes)
    record = JobRecord(spec=spec, t0_ns=0, boot_id=None, accepted_at=0.0, version="1")
    job = Job(cast(JobFolder, Path()), record, Notifier())
    event, payload = end
    job.ended(
        encode(
            event(
                run_id=None,
                job_id=spec.job_id,
                machine_id="here",
                lane_id=None,
                round=None,
                stream=Stream.WORK,
                seq=0,
                t_ns=0,
                timestamp_s=0.0,
                payload=payload,
            )
        )
    )
    unsettled.ended(job)


@pytest.mark.parametrize(
    ("jobs", "left"),
    [
        ([(DONE, "a", "b")], []),
        ([(ONE_FAILED, "a", "b")], ["b"]),
        ([(CANCELLED, "a", "b")], ["a", "b"]),
        ([(KILLED, "a")], ["a"]),
        # The second one may have ended before it had waited for the first one's engine.
        ([(CANCELLED, "a"), (KILLED, "b")], ["a", "b"]),
        ([(CANCELLED, "a"), (CANCELLED, "a", "a")], ["a"]),
        ([(CANCELLED, "a"), (DONE, "b")], []),
        ([(CANCELLED, "a"), (ONE_FAILED, "b", "c")], ["c"]),
    ],
)
def test_what_is_left_at_work(jobs: list[Any], left: list[str]) -> None:
    unsettled = Unsettled()
    for end, *models in jobs:
        ended(unsettled, end, *models)
    assert [lane.lane.params["model"] for lane in unsettled.lanes] == left
