"""A run of lanes on one machine, and its log as a worker would write it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from benchrace.events import (
    Event,
    Level,
    Measured,
    Reason,
    RoundDone,
    Stream,
    Verdict,
    encode,
)
from benchrace.events.payloads import RoundDonePayload
from benchrace.kinds import Better, Estimator, Metric
from benchrace.plugin import Drawing
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState

RATE = Metric(
    name="rate",
    title="Rate",
    unit="1/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    headline=True,
)
TIME = Metric(name="time", title="Time", unit="ms", better=Better.LOWER)
FOUND = Metric(
    name="found", title="Found", unit="", better=Better.HIGHER, estimator=Estimator.COUNT
)


class Script:
    """Writes log lines with the numbering of one job's work stream."""

    def __init__(self) -> None:
        self.seq = 0

    def envelope(self, lane: int | None, number: int | None, **other: Any) -> dict[str, Any]:
        self.seq += 1
        return {
            "run_id": "r",
            "job_id": "j",
            "machine_id": "m",
            "lane_id": None if lane is None else f"lane-{lane}",
            "round": number,
            "stream": Stream.WORK,
            "seq": self.seq - 1,
            "t_ns": self.seq * 1000,
            "timestamp_s": 1.0,
            **other,
        }

    def event(
        self, type_: type[Event], payload: Any, lane: int | None = None, **other: Any
    ) -> bytes:
        return encode(type_(payload=payload, **self.envelope(lane, None, **other)))  # type: ignore[call-arg]

    def done(
        self,
        lane: int,
        number: int,
        *measured: Measured,
        level: Level = Level.VALID,
        warmup: bool = False,
        elapsed_ns: int = 1_000_000_000,
        reasons: tuple[Reason, ...] | None = None,
        **other: Any,
    ) -> bytes:
        """The end of a round that took a second."""
        if reasons is None:
            reasons = () if level is Level.VALID else (Reason("why", f"because {level}"),)
        payload = RoundDonePayload(
            warmup=warmup,
            heat=None if warmup else number,
            elapsed_ns=elapsed_ns,
            record={},
            measured=measured,
            verdict=Verdict(level, reasons),
            metrics_version=1,
        )
        return encode(RoundDone(payload=payload, **self.envelope(lane, number, **other)))


def rate(numerator: float, denominator: float) -> Measured:
    return Measured(
        metric="rate",
        value=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
    )


@pytest.fixture
def script() -> Script:
    return Script()


def make_run(
    lanes: int = 2,
    metrics: Sequence[Metric] = (RATE, TIME, FOUND),
    job_id: str | None = "j",
    machine_ids: Sequence[str] = ("m",) * 8,
) -> RunMetadata:
    """Return a run of lanes on `machine_ids`, as it is when it runs."""
    workload = WorkloadDescription(
        kind="k",
        title="K",
        params_schema={},
        metrics=tuple(metrics),
        metrics_version=1,
        presets={},
        automatic=None,
        saturates=(),
        drawing=Drawing.PROGRESS,
        together=True,
    )
    return RunMetadata(
        run_id="r",
        version="1",
        created_at=0.0,
        spec=RunSpec(kind="k"),
        state=RunState.RUNNING,
        kind="k",
        order=Order.ABBA,
        sync=Sync.FIRST_HEAT,
        salt="s",
        rounds=5,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{number}",
                label=f"Lane {number}",
                machine_id=machine_ids[number],
                backend="b",
                params={},
                job_id=job_id,
            )
            for number in range(lanes)
        ),
        workloads={"b": workload},
    )


@pytest.fixture
def run() -> Callable[..., RunMetadata]:
    return make_run


@pytest.fixture
def rounds(script: Script) -> Callable[..., bytes]:
    """Make the log of one lane from its (numerator, denominator) pairs."""

    def make(lane: int, *pairs: tuple[float, float], **other: Any) -> bytes:
        return b"".join(
            script.done(lane, number, rate(*pair), **other) for number, pair in enumerate(pairs)
        )

    return make


@pytest.fixture(scope="session")
def reference() -> Any:
    """Return `scipy.stats`; to import it takes a second, which only these tests pay for."""
    from scipy import stats

    return stats
