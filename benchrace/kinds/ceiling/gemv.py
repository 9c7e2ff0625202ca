"""Quantised weights times a vector: what generating a token mostly is."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta

from benchrace.events import Measured, Reason
from benchrace.kinds.ceiling.size import ArraySize, in_cache
from benchrace.kinds.ceiling.sweep import (
    ELAPSED,
    CpuParams,
    CpuRecord,
    elapsed,
    rates,
    scaled,
    total,
)
from benchrace.kinds.energy import energy_work
from benchrace.kinds.kind import Kind, LaneRecord
from benchrace.kinds.metric import Better, Estimator, Metric

# Bytes of a block of 32 weights, as GGUF stores it.
BLOCK_BYTES = {"q8_0": 34, "q4_0": 18, "f16": 64}


class GemvParams(CpuParams, frozen=True, kw_only=True):
    """How the weights are stored, and with how many threads they are multiplied."""

    format: Annotated[
        str,
        Meta(
            title="Format",
            description="How the weights are stored: blocks of 32, as in GGUF files.",
            pattern=f"^({'|'.join(BLOCK_BYTES)})$",
            extra_json_schema={"enum": list(BLOCK_BYTES)},
        ),
    ] = "q8_0"
    columns: Annotated[
        int,
        Meta(
            title="Columns",
            description="Weights of a row, a multiple of 32; a model's embedding length.",
            ge=32,
            le=1 << 20,
            multiple_of=32,
        ),
    ] = 4096
    size_mb: ArraySize = 0


class GemvRecord(CpuRecord, frozen=True, kw_only=True):
    """Raw facts of passes over `weight_bytes` of weights."""

    format: str
    columns: int
    weight_bytes: int


WEIGHTS_RATE = Metric(
    name="weights_gb_per_s",
    title="Weights",
    unit="GB/s",
    better=Better.HIGHER,
    headline=True,
    formula="bytes of the weights / time; the fastest pass",
    phrase="GB of weights per second",
)
WEIGHTS_MEDIAN = Metric(
    name="weights_median_gb_per_s",
    title="Weights, median",
    unit="GB/s",
    better=Better.HIGHER,
    formula="bytes of the weights / time; the median pass",
)
BLOCKS_RATE = Metric(
    name="blocks_per_s",
    title="Blocks",
    unit="blocks/s",
    better=Better.HIGHER,
    formula="blocks of 32 weights / time; the fastest pass",
    phrase="blocks of 32 weights per second",
)
BYTES_READ = Metric(
    name="bytes_moved",
    title="Bytes moved",
    unit="B",
    better=Better.NONE,
    estimator=Estimator.COUNT,
    formula="bytes of weights that all passes read",
)


def derive(record: GemvRecord, params: GemvParams) -> Iterable[Measured]:
    """Yield the rates of one round."""
    for sweep in record.sweeps:
        yield from rates(WEIGHTS_RATE, WEIGHTS_MEDIAN, sweep)
        yield scaled(BLOCKS_RATE, sweep.best(), 1 / BLOCK_BYTES[record.format])
    yield elapsed(record.sweeps)
    yield total(BYTES_READ, record.sweeps)


def review(current: LaneRecord, earlier: Sequence[LaneRecord]) -> Iterable[Reason]:
    """Yield what is doubtful about the size of the weights."""
    record = current.record
    return in_cache(record.weight_bytes, record.cache_bytes, record.virtual_machine)


GEMV = Kind(
    name="gemv",
    title="Decode: weights times a vector",
    params=GemvParams,
    record=GemvRecord,
    metrics=(WEIGHTS_RATE, WEIGHTS_MEDIAN, BLOCKS_RATE, ELAPSED, BYTES_READ),
    derive=derive,
    review=review,
    work=("size_mb", "passes"),
    energy=energy_work(
        BYTES_READ.name, one="gigabyte", many="bytes", unit="B", symbol="GB", size=1e9
    ),
)
