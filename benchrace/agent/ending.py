"""How a job ends when its worker could not say so itself. Pure."""

import signal
from typing import Any

import msgspec

from benchrace.errors import REMEDY, BenchraceError, Category
from benchrace.events import codec
from benchrace.events.envelope import TERMINAL_TYPES, JobCancelled, JobError, Stream
from benchrace.events.payloads import JobCancelledPayload, JobErrorPayload


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a worker that is gone.

    `status` is its exit status, negative for a signal, None where nobody saw it; `cancelled`
    the reason of a cancel that was asked for; `stopped` says that the agent itself was ending.
    `failure` is what kept its job from being run or written down. `said` is the end of its error
    output.
    """

    status: int | None = None
    cancelled: str | None = None
    stopped: bool = False
    failure: BenchraceError | None = None
    said: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the event goes: the envelope's fields."""

    run_id: str | None
    job_id: str
    machine_id: str
    seq: int
    t_ns: int
    timestamp_s: float


def ending(known: Circumstances, place: Place) -> JobCancelled | JobError:
    """Choose the last event: what a person asked for comes before what broke."""
    if known.cancelled is not None:
        return JobCancelled(**envelope(place), payload=JobCancelledPayload(reason=known.cancelled))
    category, message, remedy = _cause(known)
    return JobError(
        **envelope(place),
        payload=JobErrorPayload(
            category=category, message=message, remedy=remedy, detail=known.said or None
        ),
    )


def is_terminal(line: bytes) -> bool:
    """Tell whether a line is a job's last event; garbage is not."""
    try:
        return codec.head(line).type in TERMINAL_TYPES
    except msgspec.DecodeError:
        return False


def _cause(known: Circumstances) -> tuple[Category, str, str]:
    if known.failure is not None:
        return known.failure.category, known.failure.message, known.failure.remedy
    if known.stopped:
        category, message = Category.INTERRUPTED, "the agent was stopped while the job ran"
    elif known.status is None:
        category, message = Category.INTERRUPTED, "the agent was killed while the job ran"
    else:
        category, message = Category.WORKER_DIED, f"the worker {_died(known.status)}"
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
    """Give the fields that every event of the agent's stream has."""
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
