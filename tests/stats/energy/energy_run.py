"""The log of a job whose machine was sampled: a load of `watts`, read every half second."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from benchrace.events import (
    Event,
    JobStart,
    Level,
    Measured,
    RoundDone,
    RoundStart,
    RuntimeSample,
    Stream,
    Verdict,
    encode,
)
from benchrace.events.payloads import (
    Covers,
    EnergyCounter,
    GpuSample,
    JobStartPayload,
    RoundDonePayload,
    RoundStartPayload,
    RuntimeSamplePayload,
)
from benchrace.kinds import LLM, Kind
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from tests.stats import text_run

S = 10**9
# The machine's clock when the job began: nothing may depend on it.
ZERO = 77 * S
Reading = Callable[[float], RuntimeSamplePayload]


def board(
    watts: float = 200.0, *, index: int = 0, uuid: str | None = None
) -> Callable[[float], GpuSample]:
    """A GPU with an energy counter."""

    def read(at_s: float) -> GpuSample:
        return GpuSample(index=index, uuid=uuid, energy_mj=5e6 + watts * 1000 * at_s)

    return read


def package(watts: float = 50.0, name: str = "package-0") -> Callable[[float], EnergyCounter]:
    def read(at_s: float) -> EnergyCounter:
        return EnergyCounter(
            name=name,
            covers=Covers.CPU_PACKAGE,
            source="RAPL",
            energy_mj=1000 * watts * at_s,
            range_mj=262_143_328.85,
        )

    return read


def unread(reason: str) -> Callable[[float], EnergyCounter]:
    counter = EnergyCounter(
        name="package-0", covers=Covers.CPU_PACKAGE, source="RAPL", reason=reason
    )
    return lambda at_s: counter


class EnergyLog:
    """Writes the lines of jobs, each with a stream of its worker and one of its agent."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._lanes = {lane.lane_id: lane for lane in metadata.lanes}
        self._seq: dict[tuple[str, Stream], int] = {}
        self.lines: list[bytes] = []

    def job(self, job_id: str = "j-m") -> None:
        payload = JobStartPayload(
            kind="k", lanes=(), planned_rounds=5, monotonic_ns=ZERO, boot_id="b", pid=1, version="1"
        )
        self._add(JobStart, payload, job_id=job_id, t_s=0.01)

    def samples(
        self,
        *gpus: Callable[[float], GpuSample],
        cpu: Sequence[Callable[[float], EnergyCounter]] = (),
        until_s: float = 20.0,
        job_id: str = "j-m",
        period_s: float = 0.5,
        **machine: Callable[[float], Any],
    ) -> None:
        for step in range(int(until_s / period_s) + 1):
            at_s = step * period_s
            payload = RuntimeSamplePayload(
                gpus=tuple(gpu(at_s) for gpu in gpus),
                energy=tuple(one(at_s) for one in cpu),
                **{name: read(at_s) for name, read in machine.items()},
            )
            self._add(RuntimeSample, payload, job_id=job_id, t_s=at_s, stream=Stream.AGENT)

    def round(
        self,
        number: int,
        start_s: float,
        end_s: float,
        *measured: Measured,
        lane: int = 0,
        tokens: int | None = 100,
        warmup: bool = False,
        level: Level = Level.VALID,
        record: dict[str, Any] | None = None,
    ) -> None:
        """A round of text with this many tokens of output."""
        planned = self._lanes[f"lane-{lane}"]
        place: dict[str, Any] = {
            "job_id": planned.job_id,
            "lane_id": planned.lane_id,
            "round_": number,
        }
        started = RoundStartPayload(warmup=warmup, heat=number, started_ns=ZERO + int(start_s * S))
        self._add(RoundStart, started, t_s=start_s + 0.001, **place)
        done = RoundDonePayload(
            warmup=warmup,
            heat=number,
            elapsed_ns=int((end_s - start_s) * S),
            record=record or {},
            measured=(
                text_run.ratio("gen_tokens_per_s", 90.0, 1.0),
                Measured(
                    metric="gen_tokens",
                    value=tokens,
                    reason=None if tokens is not None else "the engine does not report it",
                ),
                *measured,
            ),
            verdict=Verdict(level, ()),
            metrics_version=1,
        )
        self._add(RoundDone, done, t_s=end_s + 0.01, **place)

    def _add(
        self,
        type_: type[Event],
        payload: Any,
        *,
        job_id: Any,
        t_s: float,
        stream: Stream = Stream.WORK,
        lane_id: Any = None,
        round_: Any = None,
    ) -> None:
        seq = self._seq.get((job_id, stream), 0)
        self._seq[job_id, stream] = seq + 1
        event = type_(  # type: ignore[call-arg]
            run_id="r",
            job_id=job_id,
            machine_id=job_id.removeprefix("j-"),
            lane_id=lane_id,
            round=round_,
            stream=stream,
            seq=seq,
            t_ns=int(t_s * S),
            timestamp_s=1.0,
            payload=payload,
        )
        self.lines.append(encode(event))


def run(*lanes: dict[str, Any], kind: Kind = LLM, **workload: Any) -> RunMetadata:
    """A run of text whose workload declares what energy is divided by."""
    metadata = text_run.run(*(lanes or ({},)), kind=kind)
    described = msgspec.structs.replace(metadata.workloads["b"], energy=kind.energy, **workload)
    return msgspec.structs.replace(metadata, workloads={"b": described})


def folded(metadata: RunMetadata, log: EnergyLog) -> Fold:
    fold = Fold(metadata)
    for line in log.lines:
        fold.feed(line)
    return fold
