"""A run as a pytest-benchmark document: one benchmark per lane, of its counted durations.

The shape is the one that `pytest-benchmark compare` reads. It knows durations alone, so all other
metrics stand in `extra_info`.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from benchrace.events import Reason
from benchrace.export.machines import at
from benchrace.export.quartiles import Spread, spread
from benchrace.export.result import head, lane_result
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.findings.noise import noise
from benchrace.run.result import Confidence, LaneResult
from benchrace.run.summary import Agreement, Knee, MetricSummary
from benchrace.run.text_identity import TextIdentity

SHAPE_VERSION = "5.0.0"
_DESCRIBED = ("backends", "plugins")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the rounds were run, in pytest-benchmark's terms."""

    disable_gc: bool = False
    timer: str = "monotonic_ns"
    min_rounds: int
    max_time: float
    min_time: float = 0.0
    warmup: bool


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """What pytest-benchmark has no place for; `head` is the result of the run in sentences."""

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
    head: tuple[str, ...]
    confidence: Confidence | None
    result: LaneResult | None
    noise: tuple[str, ...]
    simulated: bool


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
    """Render the document; a lane without a counted round is left out, as it has no duration."""
    document = Document(
        machine_info=_machine(run),
        commit_info=CommitInfo(),
        benchmarks=tuple(_benchmark(run, lane) for lane in run.lanes if lane.counted),
        datetime=datetime.fromtimestamp(run.started_at or run.created_at, UTC).isoformat(),
        version=SHAPE_VERSION,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=4) + b"\n"


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
            knees=tuple(knee for knee in run.knees if _in(lane, knee)),
            remarks=run.remarks,
            head=head(run),
            confidence=None if run.result is None else run.result.confidence,
            result=lane_result(run, lane.lane_id),
            noise=tuple(noise(lane)),
            simulated=run.simulated,
        ),
        options=Options(min_rounds=run.rounds, max_time=run.spec.timeout_s, warmup=run.warmup > 0),
        stats=spread([done.elapsed_ns / 1e9 for done in lane.rounds if done.counted]),
    )


def _in(lane: DocumentLane, knee: Knee) -> bool:
    return any(point.lane_id == lane.lane_id for point in knee.points)


def _machine(run: RunDocument) -> MachineInfo:
    first = run.lanes[0].machine_id if run.lanes else "unknown"
    machines = msgspec.to_builtins(run.machines)
    hardware = at(machines, first, "hardware")

    def text(*path: str) -> str:
        return str(at(hardware, *path) or "unknown")

    cpu = at(hardware, "cpu")
    return MachineInfo(
        node=first,
        processor=text("cpu", "model"),
        machine=text("cpu", "architecture"),
        system=text("os", "name"),
        release=text("os", "kernel"),
        cpu=cpu if isinstance(cpu, dict) else {},
        machines={name: _slim(facts) for name, facts in machines.items()},
    )


def _slim(capabilities: Any) -> Any:
    """Leave out what a machine's plugins describe of themselves, which is most of the size."""
    if not isinstance(capabilities, dict):
        return capabilities
    backends = at(capabilities, "backends")
    facts = {key: value for key, value in capabilities.items() if key not in _DESCRIBED}
    if not isinstance(backends, list):
        return facts
    engines = {
        str(at(backend, "description", "name")): {
            "version": at(backend, "description", "version"),
            "engine_version": at(backend, "engine_version"),
        }
        for backend in backends
        if at(backend, "description", "name")
    }
    return {**facts, "backends": engines}
