"""States of runs and jobs, and which state may follow which."""

from enum import StrEnum


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def final(self) -> bool:
        return self not in (RunState.QUEUED, RunState.RUNNING)


class JobPhase(StrEnum):
    """Where a job is: opening lanes, waiting at the start line, measuring, or over."""

    ACCEPTED = "accepted"
    OPENING = "opening"
    READY = "ready"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobPhase.DONE, JobPhase.FAILED, JobPhase.TIMED_OUT, JobPhase.CANCELLED)


_NEXT: dict[JobPhase, frozenset[JobPhase]] = {
    JobPhase.ACCEPTED: frozenset({JobPhase.OPENING, JobPhase.CANCELLING}),
    JobPhase.OPENING: frozenset({JobPhase.READY, JobPhase.RUNNING, JobPhase.CANCELLING}),
    JobPhase.READY: frozenset({JobPhase.RUNNING, JobPhase.CANCELLING}),
    JobPhase.RUNNING: frozenset({JobPhase.OPENING, JobPhase.READY, JobPhase.CANCELLING}),
    JobPhase.CANCELLING: frozenset(),
}

FINAL_OF_EVENT: dict[str, JobPhase] = {
    "job_done": JobPhase.DONE,
    "job_error": JobPhase.FAILED,
    "job_timeout": JobPhase.TIMED_OUT,
    "job_cancelled": JobPhase.CANCELLED,
}


def may_follow(now: JobPhase, then: JobPhase) -> bool:
    """Check whether a job in `now` may go to `then`; any living job may reach an end."""
    return not now.final and (then.final or then in _NEXT[now])
