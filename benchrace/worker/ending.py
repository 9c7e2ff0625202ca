"""How a job ends: the one last event, as a value that can also be raised."""

from benchrace.errors import REMEDY, Category, Failure
from benchrace.events import JobCancelled, JobDone, JobError, JobTimeout
from benchrace.events import payloads as p
from benchrace.worker.writer import Terminal


class Over(Exception):
    """Ends the job at once, with this event."""

    def __init__(self, event: Terminal, payload: object) -> None:
        super().__init__(event.__name__)
        self.event = event
        self.payload = payload


def failed(failure: Failure) -> Over:
    """End as `job_error`; bad fields join the message, which is all that the event has."""
    named = "; ".join(str(each) for each in failure.fields)
    message = f"{failure.message} ({named})" if named and named not in failure.message else None
    return Over(
        JobError,
        p.JobErrorPayload(
            category=failure.category,
            message=message or failure.message,
            remedy=failure.remedy,
            detail=failure.detail,
        ),
    )


def broken(category: Category, message: str, detail: str | None = None) -> Over:
    """End as `job_error` with the category's own remedy."""
    return failed(
        Failure(category=category, message=message, remedy=REMEDY[category], detail=detail)
    )


def timed_out(doing: str, limit_s: float) -> Over:
    """End as `job_timeout`."""
    return Over(
        JobTimeout,
        p.JobTimeoutPayload(
            category=Category.TIMEOUT_IDLE,
            message=f"{doing} took longer than {limit_s:g} s",
            remedy="Raise `timeout_s` of the run, or choose less work for a round.",
        ),
    )


def cancelled(reason: str) -> Over:
    """End as `job_cancelled`."""
    return Over(JobCancelled, p.JobCancelledPayload(reason=reason))


def agent_gone() -> Over:
    """End as interrupted: nobody watches this job any more."""
    return broken(Category.INTERRUPTED, "agent gone")


def done(metrics: dict[str, float | int | str | None]) -> Over:
    """End as `job_done`."""
    return Over(JobDone, p.JobDonePayload(metrics=metrics))
