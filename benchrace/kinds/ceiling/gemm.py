"""A matrix times a matrix: what reading a prompt mostly is."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from benchrace.events import Measured
from benchrace.kinds.ceiling.sweep import (
    ELAPSED,
    CpuParams,
    CpuRecord,
    Passes,
    elapsed,
    rates,
    total,
)
from benchrace.kinds.energy import energy_work
from benchrace.kinds.kind import Kind
from benchrace.kinds.metric import Better, Estimator, Metric

PRECISIONS = ("f32", "int8")


class GemmParams(CpuParams, frozen=True, kw_only=True):
    """Which matrices, and with how many threads they are multiplied."""

    precision: Annotated[
        str,
        Meta(
            title="Precision",
            description="f32, or bytes added up in 32 bits (of the first matrix 0 to 127).",
            pattern=f"^({'|'.join(PRECISIONS)})$",
            extra_json_schema={"enum": list(PRECISIONS)},
        ),
    ] = "f32"
    n: Annotated[
        int,
        Meta(title="N", description="Matrices are N x N.", ge=1, le=32_768),
    ] = 2048
    passes: Passes = 5


class GemmRecord(CpuRecord, frozen=True, kw_only=True):
    """Raw facts of products of two N x N matrices."""

    precision: str
    n: int


RATE = Metric(
    name="gflop_per_s",
    title="Operations",
    unit="GFLOP/s",
    better=Better.HIGHER,
    headline=True,
    formula="2 N^3 / time; the fastest pass (int8: integer operations)",
    phrase="billion operations per second",
)
MEDIAN = Metric(
    name="gflop_median_per_s",
    title="Operations, median",
    unit="GFLOP/s",
    better=Better.HIGHER,
    formula="2 N^3 / time; the median pass",
)
OPERATIONS = Metric(
    name="operations",
    title="Operations done",
    unit="operations",
    better=Better.NONE,
    estimator=Estimator.COUNT,
    formula="multiplications and additions of all passes",
)


def derive(record: GemmRecord, params: GemmParams) -> Iterable[Measured]:
    """Yield the rates of one round."""
    for sweep in record.sweeps:
        yield from rates(RATE, MEDIAN, sweep)
    yield elapsed(record.sweeps)
    yield total(OPERATIONS, record.sweeps)


GEMM = Kind(
    name="gemm",
    title="Prefill: matrix times matrix",
    params=GemmParams,
    record=GemmRecord,
    metrics=(RATE, MEDIAN, ELAPSED, OPERATIONS),
    derive=derive,
    work=("n", "passes"),
    energy=energy_work(
        OPERATIONS.name,
        one="trillion operations",
        many="operations",
        unit="operations",
        symbol="Toperations",
        size=1e12,
    ),
)
