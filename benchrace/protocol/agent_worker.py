"""Messages between an agent and its workers, over the worker's standard input and output.

The first line on standard input is an order. A job's worker then reads `Go`, `Shorten` and
`Cancel`, one that lends the machine reads `Cancel`; the end of its input means that the agent is
gone, and ends the worker. On its output
(a copy of file descriptor 1, taken before any plugin is imported) it says `PhaseNow`, and
`Unwritten` as its last words where it must; the workers of all other orders say one `Reply` and
exit.
"""

from enum import IntEnum
from typing import Any

import msgspec

from benchrace import structs
from benchrace.errors import Failure
from benchrace.ids import LaneId
from benchrace.plugin.assets import Asset
from benchrace.plugin.engine.device import Device
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.lending import Lending, Lent
from benchrace.plugin.operations import Operation, Writing
from benchrace.protocol.assets import AssetSetup
from benchrace.protocol.job import JobSpec, UnsettledLane
from benchrace.run.lane import JobLane
from benchrace.run.rederive import RawRound
from benchrace.run.states import JobPhase

# How long a plugin may take to be imported and described.
DESCRIBE_S = 60.0
# What a worker may take to stop what it lends, before it is killed with all that it started.
LEAVE_S = 10.0


class WorkerExit(IntEnum):
    """How a worker exits. After any other status the agent writes the job's end: it has none.

    `DONE` also after a job that failed: its end is in the journal. A plugin can exit with any
    status, so that none says why the journal lacks an end: `Unwritten` does.
    """

    DONE = 0
    BAD_ORDER = 2
    UNWRITABLE = 74


class WorkerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """Base of the lines in both directions."""


class WorkerSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs beside its order: the entry points to import, and backends' own tables.

    `log_dir` is where the output of engines goes that are started, `gpus` what lanes may choose.
    `simulated` says that the machine is. `agent_id` names the agent, the same after its restart.
    """

    plugins: tuple[PluginRef, ...]
    config: dict[str, dict[str, Any]] = {}
    log_dir: str | None = None
    gpus: tuple[Device, ...] = ()
    simulated: bool = False
    agent_id: str = ""


class WorkerOrder(WorkerMessage, frozen=True, kw_only=True):
    """Base of orders."""

    setup: WorkerSetup


class JobOrder(WorkerOrder, frozen=True, kw_only=True):
    """Run a job. `t0_ns` is the instant (monotonic) that the events' `t_ns` count from.

    `unsettled` are lanes of earlier jobs whose engines may still be at work on this machine, and
    `asset_setup` is for lanes that fetch files before their rounds.
    """

    spec: JobSpec
    folder: str
    t0_ns: int
    boot_id: str | None
    unsettled: tuple[UnsettledLane, ...] = ()
    asset_setup: AssetSetup | None = None


class DescribeOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer `PluginDescription` of the one plugin named; the worker is killed after `limit_s`."""

    limit_s: float = DESCRIBE_S


class ProbeOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer a `Probe` for each backend, by name."""


class ConfigureOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer a `Problem` for each backend that refuses its table of the configuration, by name."""


class PreflightOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer a `PreflightAnswer`; `probe` names the backends to probe as well.

    `asset_setup` is for lanes whose check needs a small file, such as a workflow.
    """

    kind: str
    lanes: tuple[JobLane, ...]
    probe: tuple[str, ...] = ()
    asset_setup: AssetSetup | None = None


class CalibrateOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer a `Calibrated` for each lane."""

    kind: str
    lanes: tuple[JobLane, ...]


class DeriveOrder(WorkerOrder, frozen=True, kw_only=True):
    """Answer `Rederived` of these rounds; their lanes have complete parameters."""

    kind: str
    lanes: tuple[JobLane, ...]
    rounds: tuple[RawRound, ...]


class OperateOrder(WorkerOrder, frozen=True, kw_only=True):
    """Do `operation` with one backend's engine; answers what the backend's method does.

    `asset_setup` is for a sync, `lending` for a lend: its worker says `Listening` when others can
    use the machine, and holds it until `Cancel`.
    """

    operation: Operation
    backend: str
    model: str | None = None
    assets: tuple[Asset, ...] = ()
    asset_setup: AssetSetup | None = None
    write: Writing | None = None
    lending: Lending | None = None


class Go(WorkerMessage, frozen=True, kw_only=True):
    """Begin the armed `heat` at `at_ns` on this machine's monotonic clock."""

    heat: int
    at_ns: int


class Shorten(WorkerMessage, frozen=True, kw_only=True):
    """Leave out counted rounds from `rounds` on (counted ones, from 0), in all lanes or some."""

    rounds: int
    lane_ids: tuple[LaneId, ...] = ()


class Cancel(WorkerMessage, frozen=True, kw_only=True):
    """End now: scope and flag at once, and `job_cancelled` as the last event."""

    reason: str


class PhaseNow(WorkerMessage, frozen=True, kw_only=True):
    """The job is in `phase`; `heat` is the armed heat that `ready` waits for.

    `lane_id` is the lane that is being opened.
    """

    phase: JobPhase
    heat: int | None = None
    lane_id: str | None = None


class Unwritten(WorkerMessage, frozen=True, kw_only=True):
    """The job cannot be written down, and the worker exits: `failure` is what the disk said."""

    failure: Failure


class Progressed(WorkerMessage, frozen=True, kw_only=True):
    """How far an operation has got; `total` is null where it is unknown."""

    done: float
    total: float | None
    unit: str


class Noted(WorkerMessage, frozen=True, kw_only=True):
    """A line that an operation writes for people."""

    level: str
    message: str


class Listening(WorkerMessage, frozen=True, kw_only=True):
    """The machine is lent from now on."""

    lent: Lent


class Reply(WorkerMessage, frozen=True, kw_only=True):
    """The answer to an order other than a job: `result`, or `failure`."""

    result: Any = None
    failure: Failure | None = None


AnyOrder = (
    JobOrder
    | DescribeOrder
    | ConfigureOrder
    | ProbeOrder
    | PreflightOrder
    | CalibrateOrder
    | DeriveOrder
    | OperateOrder
)
ToWorker = Go | Shorten | Cancel
FromWorker = PhaseNow | Unwritten | Reply | Progressed | Noted | Listening
Update = Progressed | Noted | Listening

_encoder = msgspec.json.Encoder()
_order: msgspec.json.Decoder[AnyOrder] = structs.decoder(AnyOrder)
_to_worker: msgspec.json.Decoder[ToWorker] = structs.decoder(ToWorker)
_from_worker: msgspec.json.Decoder[FromWorker] = structs.decoder(FromWorker)


def encode(message: AnyOrder | ToWorker | FromWorker) -> bytes:
    """Encode to one line, newline included."""
    return _encoder.encode(message) + b"\n"


def decode_order(line: bytes) -> AnyOrder:
    """Decode a worker's first line of input; raises `msgspec.DecodeError`."""
    return _order.decode(line)


def decode_to_worker(line: bytes) -> ToWorker:
    """Decode a later line of a worker's input; raises `msgspec.DecodeError`."""
    return _to_worker.decode(line)


def decode_from_worker(line: bytes) -> FromWorker:
    """Decode a line of a worker's output; raises `msgspec.DecodeError`."""
    return _from_worker.decode(line)
