"""Events: immutable, numbered records of what happened. One tag, one Struct."""

from enum import StrEnum
from typing import Any

import msgspec

from benchrace.events import payloads as p
from benchrace.events.measured import Measured


class Stream(StrEnum):
    """Who wrote an event; one stream has one writer."""

    WORK = "work"
    AGENT = "agent"
    CENTRAL = "central"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What all events say; what does not apply is null.

    `seq` counts per job and stream, gapless from 0. `t_ns` is since job start on the machine's
    monotonic clock; `timestamp_s` is wall time, a label only.
    """

    run_id: str | None
    job_id: str | None
    machine_id: str | None
    lane_id: str | None
    round: int | None
    stream: Stream
    seq: int
    t_ns: int
    timestamp_s: float


class Event(Envelope, frozen=True, kw_only=True, tag_field="type", tag=""):
    """Base of the tagged events; subclasses add `payload`."""


class JobStart(Event, frozen=True, kw_only=True, tag="job_start"):
    payload: p.JobStartPayload


class RoundStart(Event, frozen=True, kw_only=True, tag="round_start"):
    payload: p.RoundStartPayload


class LlmToken(Event, frozen=True, kw_only=True, tag="llm_token"):
    payload: p.LlmTokenPayload


class ComputeLine(Event, frozen=True, kw_only=True, tag="compute_line"):
    payload: p.ComputeLinePayload


class Progress(Event, frozen=True, kw_only=True, tag="progress"):
    payload: p.ProgressPayload


class Preview(Event, frozen=True, kw_only=True, tag="preview"):
    payload: p.PreviewPayload


class MeasuredEvent(Event, frozen=True, kw_only=True, tag="measured"):
    payload: Measured


class Artifact(Event, frozen=True, kw_only=True, tag="artifact"):
    payload: p.ArtifactPayload


class Log(Event, frozen=True, kw_only=True, tag="log"):
    payload: p.LogPayload


class ClockStep(Event, frozen=True, kw_only=True, tag="clock_step"):
    payload: p.ClockStepPayload


class RuntimeSample(Event, frozen=True, kw_only=True, tag="runtime_sample"):
    payload: p.RuntimeSamplePayload


class RoundDone(Event, frozen=True, kw_only=True, tag="round_done"):
    payload: p.RoundDonePayload


class Chunks(Event, frozen=True, kw_only=True, tag="chunks"):
    payload: p.ChunksPayload


class LaneError(Event, frozen=True, kw_only=True, tag="lane_error"):
    payload: p.LaneErrorPayload


class JobDone(Event, frozen=True, kw_only=True, tag="job_done"):
    payload: p.JobDonePayload


class JobError(Event, frozen=True, kw_only=True, tag="job_error"):
    payload: p.JobErrorPayload


class JobTimeout(Event, frozen=True, kw_only=True, tag="job_timeout"):
    payload: p.JobTimeoutPayload


class JobCancelled(Event, frozen=True, kw_only=True, tag="job_cancelled"):
    payload: p.JobCancelledPayload


class RunLifecycle(Event, frozen=True, kw_only=True, tag="run_lifecycle"):
    payload: p.RunLifecyclePayload


class Standing(Event, frozen=True, kw_only=True, tag="standing"):
    payload: p.StandingPayload


class Unknown(Envelope, frozen=True, kw_only=True):
    """An event of a newer version, by its tag or by a word in it: kept and passed on as it is."""

    type: str
    payload: Any = None


Known = (
    JobStart
    | RoundStart
    | LlmToken
    | ComputeLine
    | Progress
    | Preview
    | MeasuredEvent
    | Artifact
    | Log
    | ClockStep
    | RuntimeSample
    | RoundDone
    | Chunks
    | LaneError
    | JobDone
    | JobError
    | JobTimeout
    | JobCancelled
    | RunLifecycle
    | Standing
)

TERMINAL = (JobDone, JobError, JobTimeout, JobCancelled)
TERMINAL_TYPES = frozenset({"job_done", "job_error", "job_timeout", "job_cancelled"})
