"""When central has all of a job: the last line may still wait to be read."""

import json
from pathlib import Path

import pytest

from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.link.outbox import JobOutbox
from benchrace.events import encode
from benchrace.events.envelope import JobDone, Stream
from benchrace.events.payloads import JobDonePayload
from benchrace.notifier import Notifier
from tests.agent.fake_central import job as job_spec

DONE = encode(
    JobDone(
        run_id="r",
        job_id="j",
        machine_id="m",
        lane_id=None,
        round=None,
        stream=Stream.WORK,
        seq=1,
        t_ns=2,
        timestamp_s=1.0,
        payload=JobDonePayload(metrics={}),
    )
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    record = JobRecord(spec=job_spec("done"), t0_ns=0, boot_id="b", accepted_at=1.0, version="0")
    created = Job(JobFolder.create(tmp_path / "jobs", record), record, Notifier())
    created.folder.work.write_bytes(json.dumps({"seq": 0}).encode() + b"\n")
    return created


def drain(outbox: JobOutbox) -> int:
    """Read as the session does, and give how many lines there were."""
    final, count = outbox.job.phase.final, 0
    for name, _ in outbox.unread():
        while (parcel := outbox.next(name)) is not None:
            count += parcel.frame.count
    outbox.drained(final=final)
    return count


def end(job: Job) -> None:
    with job.folder.work.open("ab") as work:
        work.write(DONE)
    job.ended(DONE)


def test_an_acknowledgement_between_the_end_and_its_reading_settles_nothing(job: Job) -> None:
    outbox = JobOutbox(job, {})
    assert drain(outbox) == 1
    end(job)
    outbox.acknowledged("work", 1)
    assert not outbox.finished
    assert drain(outbox) == 1
    assert not outbox.finished
    outbox.acknowledged("work", 2)
    assert outbox.finished


def test_a_job_that_ends_while_its_lines_are_read_is_read_once_more(job: Job) -> None:
    outbox = JobOutbox(job, {})
    final = job.phase.final
    for name, _ in outbox.unread():
        while outbox.next(name) is not None:
            pass
    end(job)
    outbox.drained(final=final)
    outbox.acknowledged("work", 1)
    assert not outbox.finished


def test_a_job_that_was_over_before_the_link_is_finished_once_central_has_it(job: Job) -> None:
    end(job)
    outbox = JobOutbox(job, {"work": 2})
    outbox.acknowledged("work", 2)
    assert not outbox.finished
    assert drain(outbox) == 0
    assert outbox.finished
