"""The last event of a job whose worker could not write one itself. Pure."""

import signal
from typing import Any

import msgspec

from benchrace.errors import REMEDY, BenchraceError, Category
from benchrace.events import codec
from benchrace.events.envelope import TERMINAL_TYPES, JobCancelled, JobError, Stream
from benchrace.events.payloads import JobCancelledPayload, JobErrorPayload


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """The state in which a worker ended.

    `status` is its exit status, negative for a signal, None where it is unknown; `cancelled`
    the reason of a cancel that was asked for; `stopped` says that the agent itself was ending, and
    `restarted` that the machine was started again since.
    `failure` is what kept its job from being run or written down. `stderr_tail` is the end of its
    error output, `log` the file that has all of it.
    """

    status: int | None = None
    cancelled: str | None = None
    stopped: bool = False
    restarted: bool = False
    failure: BenchraceError | None = None
    stderr_tail: str = ""
    log: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the event goes: the envelope's fields."""

    run_id: str | None
    job_id: str
    machine_id: str
    seq: int
    t_ns: int
    timestamp_s: float


def ending(circumstances: Circumstances, place: Place) -> JobCancelled | JobError:
    """Choose the last event: what a person asked for comes before what broke."""
    if circumstances.cancelled is not None:
        return JobCancelled(
            **envelope(place), payload=JobCancelledPayload(reason=circumstances.cancelled)
        )
    category, message, remedy = cause(circumstances)
    if category is Category.WORKER_DIED and circumstances.log:
        remedy = f"See {circumstances.log} on {place.machine_id}, and start the run again."
    return JobError(
        **envelope(place),
        payload=JobErrorPayload(
            category=category,
            message=message,
            remedy=remedy,
            detail=circumstances.stderr_tail or None,
        ),
    )


def is_terminal(line: bytes) -> bool:
    """Check whether a line is a job's last event, and can be read as one."""
    try:
        terminal = codec.head(line).type in TERMINAL_TYPES
        if terminal:
            codec.decode(line)
    except (msgspec.DecodeError, BenchraceError):
        return False
    return terminal


def cause(circumstances: Circumstances) -> tuple[Category, str, str]:
    """Return category, message and remedy of what ended the job, but for a cancel."""
    if circumstances.failure is not None:
        return (
            circumstances.failure.category,
            circumstances.failure.message,
            circumstances.failure.remedy,
        )
    if circumstances.stopped:
        category, message = Category.INTERRUPTED, "the agent was stopped while the job ran"
    elif circumstances.restarted:
        category, message = Category.INTERRUPTED, "the machine restarted while the job ran"
    elif circumstances.status is None:
        category, message = Category.INTERRUPTED, "the agent was killed while the job ran"
    else:
        category, message = Category.WORKER_DIED, f"the worker {_died(circumstances.status)}"
    return category, message, REMEDY[category]


def _died(status: int) -> str:
    if status >= 0:
        return f"exited with status {status} before the job's end"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}"


def envelope(place: Place) -> dict[str, Any]:
    """Return the fields that every event of the agent's stream has."""
    return {
        "run_id": place.run_id,
        "job_id": place.job_id,
        "machine_id": place.machine_id,
        "lane_id": None,
        "round": None,
        "stream": Stream.AGENT,
        "seq": place.seq,
        "t_ns": place.t_ns,
        "timestamp_s": place.timestamp_s,
    }
