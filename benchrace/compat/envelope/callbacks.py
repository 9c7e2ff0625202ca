"""Callbacks as the older agent wrote them. Pure."""

from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec

from benchrace.agent.delivery.forms import Message
from benchrace.agent.jobs.job_folder import JobSender
from benchrace.api.jobs import CallbackEvent, JobCallback, ReportedArtifact
from benchrace.compat.envelope.categories import FAILURE_CATEGORIES, FailureCategory, reason_code
from benchrace.delivery.output import SCHEME
from benchrace.errors import REMEDY, Category
from benchrace.run.states import JobPhase

FORM = "envelope"
PARAMS = "params"
_STATES = {
    JobPhase.ACCEPTED: "QUEUED",
    JobPhase.OPENING: "PREPARING",
    JobPhase.READY: "PREPARING",
    JobPhase.RUNNING: "RUNNING",
    JobPhase.CANCELLING: "RUNNING",
    JobPhase.DONE: "SUCCESS",
    JobPhase.FAILED: "FAILED",
    JobPhase.TIMED_OUT: "FAILED",
    JobPhase.CANCELLED: "CANCELED",
}
_MAX_REASON_CHARS = 500


def envelope_form(report: JobCallback, sender: JobSender) -> Message:
    """Write a report in the older agent's words; `job_id` is the sender's own id.

    Keys are made of the job's own id: the sender's may be any text, and come again later.
    """
    reference, key = sender.reference or report.job_id, report.job_id
    state = _STATES[report.state]
    body: dict[str, Any] = {
        "job_id": reference,
        "client_id": report.job_id,
        "state": state,
        "timestamp": _iso(report.timestamp_s),
    }
    match report.event:
        case CallbackEvent.STATUS:
            body |= {"heartbeat_seq": report.number, "message": f"Job is {report.state}"}
            if report.state.final:
                return Message(f"{key}-{state}-status", msgspec.json.encode(body))
            return Message(f"{key}-{state}-{report.number}", msgspec.json.encode(body))
        case CallbackEvent.COMPLETED:
            body |= _completed(report, sender)
        case CallbackEvent.FAILED | CallbackEvent.CANCELLED:
            body |= _failed(report)
        case _:
            assert_never(report.event)
    return Message(f"{key}-{state}", msgspec.json.encode(body | _timing(report)))


def _completed(report: JobCallback, sender: JobSender) -> dict[str, Any]:
    artifacts = [
        _stored(artifact)
        | {
            "kind": artifact.media_type.partition("/")[0],
            "filename": artifact.name,
            "rel_path": artifact.path,
            "mime": artifact.media_type,
            "sha256": artifact.sha256,
            "bytes": artifact.size,
        }
        for artifact in report.artifacts
    ]
    return {
        "artifacts": artifacts,
        "params": sender.context.get(PARAMS, {}),
        "meta": {"status_str": "success", "completed": True},
        "metrics": report.metrics,
        "archive": report.archive,
    }


def _stored(artifact: ReportedArtifact) -> dict[str, Any]:
    """Return where an artifact was uploaded to; nothing for a job without `output`."""
    if artifact.url is None:
        reason = artifact.url_reason
        return {} if reason is None else {"url": None, "url_reason": reason}
    bucket, _, key = artifact.url.removeprefix(SCHEME).partition("/")
    return {"url": artifact.url, "bucket": bucket, "key": key}


def _failed(report: JobCallback) -> dict[str, Any]:
    error = report.error
    category = FailureCategory.CANCELLED
    reason = report.reason or "the job was cancelled"
    remedy = REMEDY[Category.CANCELLED]
    if error is not None:
        category = FAILURE_CATEGORIES.get(Category(error.category), FailureCategory.SYSTEM)
        reason, remedy = error.message, error.remedy
    return {
        "reason_code": reason_code(category),
        "category": category.value,
        "error_type": category.value.lower(),
        "reason": reason[:_MAX_REASON_CHARS],
        "remedy": remedy,
    }


def _timing(report: JobCallback) -> dict[str, Any]:
    if report.ended_at is None:
        return {}
    return {
        "timing": {
            "started_at": _iso(report.accepted_at),
            "finished_at": _iso(report.ended_at),
            "duration_ms": None if report.elapsed_s is None else round(report.elapsed_s * 1000),
        }
    }


def _iso(wall_s: float) -> str:
    text = datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


FORMS = {FORM: envelope_form}
