"""What is told of a job, and where that goes."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.agent.delivery.forms import native
from benchrace.agent.delivery.report import addressed, of_event, report
from benchrace.api.jobs import CallbackEvent
from benchrace.compat.envelope.callbacks import envelope_form
from benchrace.delivery.callbacks import Callbacks
from benchrace.protocol.agent_worker import PhaseNow
from benchrace.run.states import JobPhase
from tests.agent.delivery.jobs import ALL, CANCELLED, DONE, FAILED, end, new_job


@pytest.mark.parametrize(
    ("phase", "without", "expected"),
    [
        (JobPhase.RUNNING, "", ["status"]),
        (JobPhase.RUNNING, "status", []),
        (JobPhase.DONE, "", ["status", "done"]),
        (JobPhase.FAILED, "", ["status", "failed"]),
        (JobPhase.TIMED_OUT, "status", ["failed"]),
        (JobPhase.CANCELLED, "", ["status", "cancelled"]),
        (JobPhase.CANCELLED, "cancel", ["status", "failed"]),
        (JobPhase.DONE, "completion", ["status"]),
    ],
)
def test_each_end_has_its_address(phase: JobPhase, without: str, expected: list[str]) -> None:
    callbacks = msgspec.structs.replace(ALL, **({without: None} if without else {}))
    assert [url.rpartition("/")[2] for _, url in addressed(callbacks, phase)] == expected
    assert addressed(Callbacks(), phase) == ()


@pytest.mark.parametrize(
    ("ending", "event", "expected", "older"),
    [
        (DONE, CallbackEvent.COMPLETED, {"metrics": {"value": 1.0}}, {"state": "SUCCESS"}),
        (
            FAILED,
            CallbackEvent.FAILED,
            {
                "error": {
                    "category": "out_of_memory",
                    "message": "too big",
                    "remedy": "Choose less.",
                }
            },
            {
                "state": "FAILED",
                "category": "OUT_OF_MEMORY",
                "reason_code": "OUT_OF_MEMORY",
                "remedy": "Choose less.",
            },
        ),
        (
            CANCELLED,
            CallbackEvent.CANCELLED,
            {"reason": "enough"},
            {"state": "CANCELED", "category": "CANCELLED", "reason": "enough"},
        ),
    ],
)
def test_an_end_is_told_with_its_figures_or_its_failure(
    tmp_path: Path, ending: Any, event: CallbackEvent, expected: Any, older: Any
) -> None:
    job = new_job(tmp_path)
    job.ended(end(job, ending))
    status = report(job, job.phase, 4, 0.0)
    assert (status.number, status.ended_at, status.elapsed_s) == (4, job.record.accepted_at + 5, 2)
    sender = job.record.sender
    whole = msgspec.json.decode(native(of_event(status, event), sender).body)
    if whole["error"]:
        del whole["error"]["detail"]
    assert {name: whole[name] for name in expected} == expected
    message = envelope_form(of_event(status, event), sender)
    body = msgspec.json.decode(message.body)
    assert {name: body[name] for name in older} == older
    # A sender's id may be any text, and come again: what tells callbacks apart is the job's own.
    assert body["job_id"] == "theirs"
    assert message.key == f"{job.job_id}-{older['state']}"


def test_a_job_remembers_each_phase(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    for phase in (JobPhase.OPENING, JobPhase.RUNNING):
        job.moved(PhaseNow(phase=phase, heat=None))
    job.ended(end(job))
    assert job.phases == [JobPhase.ACCEPTED, JobPhase.OPENING, JobPhase.RUNNING, JobPhase.DONE]
