"""What a job says that an earlier agent left: whether the machine restarted, or the agent."""

from pathlib import Path

import msgspec
import pytest

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.recovery import recover
from benchrace.testing.clock import FakeClock
from tests.agent.fake_central import job


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("boot-1", "boot-2", "the machine restarted while the job ran"),
        ("boot-1", "boot-1", "the agent was killed while the job ran"),
        (None, "boot-2", "the agent was killed while the job ran"),
        ("boot-1", None, "the agent was killed while the job ran"),
    ],
)
def test_the_reason_of_an_unfinished_job(
    tmp_path: Path, before: str | None, now: str | None, words: str
) -> None:
    record = JobRecord(spec=job("done"), t0_ns=5, boot_id=before, accepted_at=1.0, version="0")
    JobFolder.create(tmp_path, record)
    ((_, _, line),) = recover(tmp_path, record.spec.machine_id, FakeClock(), now)
    event = msgspec.json.decode(line)
    assert (event["payload"]["category"], event["payload"]["message"]) == ("interrupted", words)
    assert "worker.log" not in event["payload"]["remedy"]
