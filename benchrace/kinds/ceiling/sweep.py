"""Passes of a kernel, and what is common to all kinds that repeat them."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.events import Measured
from benchrace.kinds.kind import Params, Record
from benchrace.kinds.metric import Better, Metric

NO_TIME = "shorter than the resolution of the clock"

Threads = Annotated[
    int,
    Meta(
        title="Threads",
        description="0 uses every usable core.",
        ge=0,
        le=4096,
        extra_json_schema={
            "phrases": {"zero": "all threads", "one": "1 thread", "other": "{} threads"}
        },
    ),
]
Passes = Annotated[
    int,
    Meta(
        title="Passes",
        description="How often a round repeats each kernel; it yields the best and the median.",
        ge=1,
        le=1000,
        extra_json_schema={"phrases": {"one": "1 pass", "other": "{} passes"}},
    ),
]


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel's passes: the `amount` of each, in bytes or operations, and how long each took."""

    kernel: str
    amount: int
    elapsed_ns: tuple[int, ...]

    def best(self) -> float | None:
        """Return the amount per second of the fastest pass, None below the clock's resolution."""
        return _rate(self.amount, min(self.elapsed_ns, default=0))

    def median(self) -> float | None:
        """Return the amount per second of the median pass, of the slower one of two."""
        ordered = sorted(self.elapsed_ns)
        return _rate(self.amount, ordered[len(ordered) // 2] if ordered else 0)


class CpuParams(Params, frozen=True, kw_only=True):
    """Base of the parameters of kernels that run on a processor."""

    threads: Threads = 0
    passes: Passes = 7
    pin: Annotated[
        bool,
        Meta(title="Pin", description="Binds each thread to a core, if the system supports that."),
    ] = True


class SweepRecord(Record, frozen=True, kw_only=True):
    """Base of the raw facts: the sweeps in the order in which they ran."""

    sweeps: tuple[Sweep, ...]


class CpuRecord(SweepRecord, frozen=True, kw_only=True):
    """Base of the raw facts of kernels that ran on a processor.

    `cores_pinned` threads were bound to a core each. `cache_bytes` is the size of all last-level
    caches, null where the system does not tell; in a `virtual_machine` (null: unknown) they are the
    host's, shared with others, or invented.
    """

    threads_requested: int
    threads_used: int
    cores_pinned: int
    cpu_tier: str
    cache_bytes: int | None
    virtual_machine: bool | None


ELAPSED = Metric(
    name="elapsed_ms",
    title="Elapsed",
    unit="ms",
    better=Better.LOWER,
    formula="sum over all timed passes",
    phrase="per round",
)


def rates(best: Metric, median: Metric, sweep: Sweep, scale: float = 1e-9) -> Iterator[Measured]:
    """Yield the rates of a kernel's best and median pass."""
    for metric, value in ((best, sweep.best()), (median, sweep.median())):
        yield scaled(metric, value, scale)


def scaled(metric: Metric, value: float | None, scale: float) -> Measured:
    """Return a value in the metric's unit; one that the clock was too coarse for is null."""
    if value is None:
        return Measured(metric=metric.name, value=None, reason=NO_TIME)
    return Measured(metric=metric.name, value=value * scale)


def elapsed(sweeps: Sequence[Sweep]) -> Measured:
    """Return the time of all passes."""
    total = sum(sum(sweep.elapsed_ns) for sweep in sweeps)
    return Measured(metric=ELAPSED.name, value=total / 1e6)


def total(metric: Metric, sweeps: Sequence[Sweep]) -> Measured:
    """Return what all passes worked on."""
    amount = sum(sweep.amount * len(sweep.elapsed_ns) for sweep in sweeps)
    return Measured(metric=metric.name, value=amount)


def _rate(amount: int, elapsed_ns: int) -> float | None:
    return amount / (elapsed_ns / 1e9) if elapsed_ns > 0 else None
