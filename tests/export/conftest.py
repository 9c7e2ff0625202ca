"""A race of two lanes whose every text is hostile, and whose numbers are known."""

from collections.abc import Callable

import msgspec
import pytest

from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.events import Level, Measured, Reason
from benchrace.kinds import Better, Estimator, Metric
from benchrace.plugin import Drawing
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.document import RunDocument, document
from benchrace.run.lane import RunLane
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.run.summary import HeatStart, RoundSummary, RunSummary
from benchrace.stats.lane import LaneFold
from benchrace.stats.ranking import declared, standing
from benchrace.stats.result.result import result

HOSTILE = '=1+1|<script>alert("x")</script>\n# [a](https://evil.example) \x1b[31m`b`'
RATE = Metric(
    name="rate",
    title="Rate",
    unit="1/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    headline=True,
    formula="things / s",
)
TIME = Metric(name="time", title="Time", unit="ms", better=Better.LOWER, formula="end - start")
WORKLOAD = WorkloadDescription(
    kind="k",
    title="K",
    params_schema={},
    metrics=(RATE, TIME),
    metrics_version=1,
    presets={},
    automatic=None,
    saturates=(),
    drawing=Drawing.PROGRESS,
    together=True,
)
MACHINE = {
    "label": "Box",
    "version": "0.1.0",
    "fingerprint": "f00d",
    "hardware": {
        "cpu": {"model": "Fast CPU", "architecture": "x86_64", "usable_threads": 8},
        "memory": {"total_bytes": 16 << 30},
        "gpus": [{"name": "Big GPU", "driver_version": "550", "power_limit_w": 350.0}],
        "os": {"name": "Linux", "kernel": "6.1"},
    },
    "environment": {"kind": "container"},
}


def finished(number: int, seconds: float, **other: object) -> RoundSummary:
    done = RoundSummary(
        round=number,
        warmup=number == 0,
        heat=None if number == 0 else number - 1,
        verdict=Level.VALID,
        reasons=(),
        measured=(
            Measured(metric="rate", value=100 / seconds, numerator=100, denominator=seconds),
            Measured(metric="time", value=seconds * 1000),
        ),
        elapsed_ns=int(seconds * 1e9),
    )
    return msgspec.structs.replace(done, **other)


def metadata(labels: tuple[str, ...]) -> RunMetadata:
    return RunMetadata(
        run_id="2026-01-02_030405_abcdef",
        version="0.1.0",
        created_at=1.7e9,
        spec=RunSpec(kind="k"),
        state=RunState.DONE,
        kind="k",
        order=Order.ABBA,
        sync=Sync.FIRST_HEAT,
        salt="s",
        rounds=3,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{number}",
                label=label,
                machine_id="m",
                backend="b",
                params={"n": number},
                job_id="j0123456789abcdef",
            )
            for number, label in enumerate(labels)
        ),
        left_out=(
            LeftOut(
                label="absent",
                machine_id="x",
                backend=None,
                fields=(FieldError("lanes[2].machine_id", "it is lost"),),
            ),
        ),
        workloads={"b": WORKLOAD},
        machines={"m": MACHINE},
        tags=("nightly",),
        notes=HOSTILE,
    )


@pytest.fixture
def race() -> Callable[..., RunDocument]:
    def make(*, empty: bool = False, labels: tuple[str, ...] = ("calm", HOSTILE)) -> RunDocument:
        run = metadata(labels)
        folds = [LaneFold(lane, (RATE, TIME)) for lane in run.lanes]
        if not empty:
            for number, seconds in enumerate((9.0, 1.0, 1.01, 0.99)):
                folds[0].add(finished(number, seconds))
            reason = (Reason("hot", "the processor was throttled"),)
            folds[1].add(finished(1, 2.0, verdict=Level.SUSPECT, reasons=reason))
            folds[1].add(finished(2, 4.0))
            failure = BenchraceError(Category.BAD_OUTPUT, HOSTILE).failure()
            folds[1].add(finished(3, 0.5, verdict=Level.INVALID, measured=(), error=failure))
        places = standing(folds)
        winner, reason_why = declared(places, folds)
        summary = RunSummary(
            run_id=run.run_id,
            lanes=tuple(fold.summary() for fold in folds),
            heats=(HeatStart(heat=0, spread_ns=7_000_000, uncertainty_ns=1, staggered=True),),
            standing=places,
            winner=winner,
            winner_reason=reason_why,
        )
        summary = msgspec.structs.replace(summary, result=result(run, summary, over=True))
        return document(run, summary)

    return make
