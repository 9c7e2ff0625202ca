"""How a job ends: its last event, as a value that can also be raised."""

from collections.abc import Sequence

from benchrace.errors import REMEDY, Category, Failure
from benchrace.events import JobCancelled, JobDone, JobError, JobTimeout
from benchrace.events import payloads as p
from benchrace.worker.job.writer import Terminal


class JobEnded(Exception):
    """Ends the job at once, with this event."""

    def __init__(self, event: Terminal, payload: object) -> None:
        super().__init__(event.__name__)
        self.event = event
        self.payload = payload


def failed(failure: Failure) -> JobEnded:
    """End as `job_error`; bad fields join the message, as the event has no other place for them."""
    named = "; ".join(str(field) for field in failure.fields)
    message = f"{failure.message} ({named})" if named and named not in failure.message else None
    return JobEnded(
        JobError,
        p.JobErrorPayload(
            category=failure.category,
            message=message or failure.message,
            remedy=failure.remedy,
            detail=failure.detail,
        ),
    )


def broken(category: Category, message: str, detail: str | None = None) -> JobEnded:
    """End as `job_error` with the category's own remedy."""
    return failed(
        Failure(category=category, message=message, remedy=REMEDY[category], detail=detail)
    )


def timed_out(doing: str, limit_s: float) -> JobEnded:
    """End as `job_timeout`."""
    return JobEnded(
        JobTimeout,
        p.JobTimeoutPayload(
            category=Category.TIMEOUT_IDLE,
            message=f"{doing} took longer than {limit_s:g} s",
            remedy="Raise `timeout_s` of the run, or choose less work for a round.",
        ),
    )


def cancelled(reason: str) -> JobEnded:
    """End as `job_cancelled`."""
    return JobEnded(JobCancelled, p.JobCancelledPayload(reason=reason))


def agent_gone() -> JobEnded:
    """End as interrupted: the agent does not watch this job any more."""
    return broken(Category.INTERRUPTED, "agent gone")


def done(metrics: dict[str, float | int | str | None], unsettled: Sequence[str] = ()) -> JobEnded:
    """End as `job_done`; `unsettled` are the lanes whose engines may still be at work."""
    return JobEnded(JobDone, p.JobDonePayload(metrics=metrics, unsettled=tuple(unsettled)))
