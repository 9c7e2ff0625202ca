"""A run as a pytest-benchmark document: one benchmark a lane, of its counted rounds' durations.

The shape is the one that `pytest-benchmark compare` reads. It knows durations alone, so all other
metrics stand in `extra_info`.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from benchrace.events import Reason
from benchrace.export.machines import at
from benchrace.export.quartiles import Spread, spread
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import Agreement, Knee, MetricSummary
from benchrace.run.text import TextIdentity

SHAPE_VERSION = "5.0.0"
_DESCRIBED = ("backends", "plugins")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the rounds were made, in pytest-benchmark's words."""

    disable_gc: bool = False
    timer: str = "monotonic_ns"
    min_rounds: int
    max_time: float
    min_time: float = 0.0
    warmup: bool


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """What pytest-benchmark has no place for."""

    run_id: str
    machine_id: str
    backend: str
    verdict: str | None
    discarded: int
    metrics: dict[str, MetricSummary]
    text: TextIdentity | None
    agreement: Agreement | None
    knees: tuple[Knee, ...]
    remarks: tuple[Reason, ...]


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    group: str
    name: str
    fullname: str
    params: dict[str, Any]
    param: str
    extra_info: Extra
    options: Options
    stats: Spread


class MachineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The first lane's machine; `machines` holds what each is, and not what its plugins offer."""

    node: str
    processor: str
    machine: str
    system: str
    release: str
    cpu: dict[str, Any]
    machines: dict[str, Any]


class CommitInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A run belongs to no commit; the reader asks for the fields all the same."""

    id: str = "unversioned"
    time: None = None
    author_time: None = None
    dirty: bool = False
    error: str = "a race is not tied to a commit"
    project: str = "benchrace"
    branch: str = "(unknown)"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    machine_info: MachineInfo
    commit_info: CommitInfo
    benchmarks: tuple[Benchmark, ...]
    datetime: str
    version: str


def render(run: RunDocument) -> bytes:
    """Give the document; a lane without a counted round is left out, as it has no duration."""
    made = Document(
        machine_info=_machine(run),
        commit_info=CommitInfo(),
        benchmarks=tuple(_benchmark(run, lane) for lane in run.lanes if lane.counted),
        datetime=datetime.fromtimestamp(run.started_at or run.created_at, UTC).isoformat(),
        version=SHAPE_VERSION,
    )
    return msgspec.json.format(msgspec.json.encode(made), indent=4) + b"\n"


def _benchmark(run: RunDocument, lane: DocumentLane) -> Benchmark:
    return Benchmark(
        group=run.kind,
        name=f"{run.kind}[{lane.label}]",
        fullname=f"{run.kind}/{lane.machine_id}/{lane.backend}[{lane.label}]",
        params=lane.params,
        param=lane.label,
        extra_info=Extra(
            run_id=run.run_id,
            machine_id=lane.machine_id,
            backend=lane.backend,
            verdict=lane.verdict,
            discarded=lane.discarded,
            metrics=lane.summary,
            text=lane.text,
            agreement=lane.agreement,
            knees=tuple(each for each in run.knees if _in(lane, each)),
            remarks=run.remarks,
        ),
        options=Options(min_rounds=run.rounds, max_time=run.spec.timeout_s, warmup=run.warmup > 0),
        stats=spread([done.elapsed_ns / 1e9 for done in lane.rounds if done.counted]),
    )


def _in(lane: DocumentLane, knee: Knee) -> bool:
    return any(each.lane_id == lane.lane_id for each in knee.points)


def _machine(run: RunDocument) -> MachineInfo:
    first = run.lanes[0].machine_id if run.lanes else "unknown"
    machines = msgspec.to_builtins(run.machines)
    hardware = at(machines, first, "hardware")

    def said(*path: str) -> str:
        return str(at(hardware, *path) or "unknown")

    cpu = at(hardware, "cpu")
    return MachineInfo(
        node=first,
        processor=said("cpu", "model"),
        machine=said("cpu", "architecture"),
        system=said("os", "name"),
        release=said("os", "kernel"),
        cpu=cpu if isinstance(cpu, dict) else {},
        machines={name: _slim(told) for name, told in machines.items()},
    )


def _slim(told: Any) -> Any:
    """Leave out what a machine's plugins describe of themselves: it is most of what it tells."""
    if not isinstance(told, dict):
        return told
    backends = at(told, "backends")
    known = {key: each for key, each in told.items() if key not in _DESCRIBED}
    if not isinstance(backends, list):
        return known
    engines = {
        str(at(each, "description", "name")): {
            "version": at(each, "description", "version"),
            "engine_version": at(each, "engine_version"),
        }
        for each in backends
        if at(each, "description", "name")
    }
    return {**known, "backends": engines}
