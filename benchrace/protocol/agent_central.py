"""Messages of the link. Control is JSON text, one message per frame; events go as raw lines.

A binary frame is a `Frame` as one JSON line, and then its `count` raw event lines.
"""

from typing import Any, Literal

import msgspec

from benchrace import __version__, structs
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.ids import JobId, LaneId, RunId, in_words
from benchrace.protocol.artifacts import ArtifactAsk
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.protocol.machine_settings import SettingsReport
from benchrace.protocol.operations import FollowAsk, OperateAsk
from benchrace.protocol.version import update
from benchrace.run.lane import JobLane
from benchrace.run.states import JobPhase

MAX_MESSAGE_BYTES = 1 << 20
What = Literal["preflight", "calibrate", "probe", "operate", "follow", "reset", "artifact"]


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """Base of all control messages."""


class JobReport(msgspec.Struct, frozen=True, kw_only=True):
    """A job that the agent keeps: `lines` counts what each stream's file holds.

    `opening` is the lane that is being opened.
    """

    job_id: JobId
    run_id: RunId | None
    phase: JobPhase
    heat: int | None
    lines: dict[str, int]
    opening: LaneId | None = None


# Agent to central


class Hello(Message, frozen=True, kw_only=True):
    """The first message. `instance` is new for each agent process, `host_id` one per host.

    `takes_settings` says that the agent reads `ApplySettings`; older ones do not.
    """

    protocol: str
    version: str
    token: str | None
    instance: str
    host_id: str
    share_host: bool
    capabilities: Capabilities
    jobs: tuple[JobReport, ...] = ()
    takes_settings: bool = False


class CapabilitiesChanged(Message, frozen=True, kw_only=True):
    capabilities: Capabilities


class PhaseChanged(Message, frozen=True, kw_only=True):
    """A job went on; `heat` is the armed heat that a `ready` job waits for.

    `opening` is the lane that is being opened.
    """

    job_id: JobId
    phase: JobPhase
    heat: int | None = None
    opening: LaneId | None = None


class JobRefused(Message, frozen=True, kw_only=True):
    """The job never started; it has no events."""

    job_id: JobId
    failure: Failure


class Answer(Message, frozen=True, kw_only=True):
    """The reply to an `Ask` of the same id: `result`, or `failure` where it failed."""

    ask_id: int
    result: Any = None
    failure: Failure | None = None


class Pong(Message, frozen=True, kw_only=True):
    """`received_ns` and `sent_ns` are the agent's monotonic clock, `wall_s` is its wall clock.

    `sample` is the agent's latest runtime sample, once. Older agents send neither it nor `wall_s`.
    """

    ping_id: int
    received_ns: int
    sent_ns: int
    wall_s: float | None = None
    sample: RuntimeSamplePayload | None = None


class SettingsReported(Message, frozen=True, kw_only=True):
    """The settings that the agent uses, once after each `ApplySettings` and after each change."""

    report: SettingsReport


class Goodbye(Message, frozen=True, kw_only=True):
    """The last message of an agent that was stopped; it did not just vanish."""


# Central to agent


class Welcome(Message, frozen=True, kw_only=True):
    """`resume` gives, for each job central still wants, the next line of each stream.

    A job that the agent reported and that is missing here is finished with: its files may go.
    """

    protocol: str
    version: str
    instance: str
    resume: dict[JobId, dict[str, int]]


class Refused(Message, frozen=True, kw_only=True):
    """Central closes after this; `failure` says why, and what to do."""

    failure: Failure
    final: bool = True


class Ping(Message, frozen=True, kw_only=True):
    ping_id: int


class StartJob(Message, frozen=True, kw_only=True):
    spec: JobSpec


class Go(Message, frozen=True, kw_only=True):
    """The start line: begin `heat` at `at_ns` on the agent's monotonic clock."""

    job_id: JobId
    heat: int
    at_ns: int


class Shorten(Message, frozen=True, kw_only=True):
    """Leave out the counted rounds from `rounds` on, in every lane named (all if none is)."""

    job_id: JobId
    rounds: int
    lane_ids: tuple[LaneId, ...] = ()


class CancelJob(Message, frozen=True, kw_only=True):
    job_id: JobId
    reason: str


class Ack(Message, frozen=True, kw_only=True):
    """Lines before `next_seq` of that stream are synced on central's disk."""

    job_id: JobId
    stream: str
    next_seq: int


class Ask(Message, frozen=True, kw_only=True):
    """Something answered by a worker that does not measure, or by the agent itself.

    `preflight` answers `LaneReadiness` a lane, `calibrate` `Calibrated` a lane, `probe` the
    refreshed `Capabilities`, `operate` and `follow` an `OperationStatus`, `reset` a `ResetAll`,
    `artifact` an `ArtifactPiece`.
    """

    ask_id: int
    what: What
    kind: str | None = None
    lanes: tuple[JobLane, ...] = ()
    operate: OperateAsk | None = None
    follow: FollowAsk | None = None
    artifact: ArtifactAsk | None = None


class ApplySettings(Message, frozen=True, kw_only=True):
    """The settings that central wants, by name; it is sent after the welcome, and when they change.

    Only to an agent that takes them. One that does not know a setting reports it as ignored.
    """

    version: int
    settings: dict[str, Any]


FromAgent = (
    Hello
    | CapabilitiesChanged
    | PhaseChanged
    | JobRefused
    | Answer
    | Pong
    | SettingsReported
    | Goodbye
)
FromCentral = (
    Welcome | Refused | Ping | StartJob | Go | Shorten | CancelJob | Ack | Ask | ApplySettings
)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a binary frame: whose lines follow, the number of the first, and how many."""

    job: JobId
    stream: str
    first_seq: int
    count: int


_encoder = msgspec.json.Encoder()
_from_agent: msgspec.json.Decoder[FromAgent] = structs.decoder(FromAgent)
_from_central: msgspec.json.Decoder[FromCentral] = structs.decoder(FromCentral)
_frame = structs.decoder(Frame)


class _Version(msgspec.Struct):
    version: str


_version = structs.decoder(_Version)


def encode(message: FromAgent | FromCentral) -> str:
    """Encode a control message as the text of one WebSocket frame."""
    return _encoder.encode(message).decode()


def decode_from_agent(text: str | bytes) -> FromAgent:
    """Decode what an agent sent; raises `validation` on anything else."""
    try:
        return _from_agent.decode(text)
    except msgspec.DecodeError as error:
        raise _unreadable(error, _older(text)) from error


def decode_from_central(text: str | bytes) -> FromCentral:
    """Decode what central sent; raises `validation` on anything else."""
    try:
        return _from_central.decode(text)
    except msgspec.DecodeError as error:
        raise _unreadable(error) from error


def pack(frame: Frame, lines: bytes) -> bytes:
    """Prepend the head to raw lines."""
    return _encoder.encode(frame) + b"\n" + lines


def unpack(data: bytes) -> tuple[Frame, bytes]:
    """Split a binary frame; raises `validation` where the count is wrong."""
    head, _, lines = data.partition(b"\n")
    try:
        frame = _frame.decode(head)
    except msgspec.DecodeError as error:
        raise _unreadable(error) from error
    if lines.count(b"\n") != frame.count or not lines.endswith(b"\n"):
        raise BenchraceError(
            Category.VALIDATION,
            f"a frame of job {frame.job} announces {frame.count} lines and holds "
            f"{lines.count(bytes([10]))}",
            "Update the agent: its protocol is incompatible.",
        )
    return frame, lines


def _older(hello: str | bytes) -> str | None:
    """Name the side to update, where the message says who sent it."""
    try:
        return update(agent=_version.decode(hello).version[:40], central=__version__)
    except msgspec.DecodeError:
        return None


def _unreadable(error: msgspec.DecodeError, remedy: str | None = None) -> BenchraceError:
    words = in_words(error)
    if words != str(error):
        # No version of either side sends such a thing by itself.
        remedy = (
            "Use 1-64 letters, digits, dots, dashes and underscores for a name that you chose, "
            "like machine_id in agent.yaml."
        )
    return BenchraceError(
        Category.VALIDATION,
        f"a message on the link cannot be read: {words}",
        remedy or "Update the older side: the protocols are incompatible.",
    )
