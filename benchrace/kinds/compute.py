"""Counting primes: a workload that needs only a processor."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from benchrace.events import Measured
from benchrace.kinds.energy import energy_work
from benchrace.kinds.kind import Kind, Params, Record
from benchrace.kinds.metric import Better, Estimator, Metric


class ComputeParams(Params, frozen=True, kw_only=True):
    """What to count, and with how many threads."""

    algorithm: Annotated[
        str, Meta(title="Algorithm", description="How the primes are counted.")
    ] = "segmented_sieve"
    n: Annotated[
        int,
        Meta(title="N", description="Primes up to and including N are counted.", ge=1, le=10**13),
    ] = 50_000_000
    start: Annotated[
        int,
        Meta(
            title="From",
            description="The first number of the range that ends at N.",
            ge=1,
            le=10**13,
        ),
    ] = 1
    threads: Annotated[
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
    ] = 0
    stream_first_k: Annotated[
        int,
        Meta(
            title="First primes",
            description="Shows the first K primes, found outside the timed part.",
            ge=0,
            le=10_000,
        ),
    ] = 0
    progress_interval_s: Annotated[
        float,
        Meta(title="Progress every", description="Seconds between reports.", ge=0.01, le=60),
    ] = 0.1


class ComputeRecord(Record, frozen=True, kw_only=True):
    """Raw facts of one count, from `start` to `n`.

    `primes_expected` is null where the counts up to `n` and before `start` are not in the table.
    `cpu_tier` names the best of the processor's instructions that the kernel used.
    """

    algorithm: str
    n: int
    start: int = 1
    threads_requested: int
    threads_used: int
    primes_found: int
    primes_expected: int | None
    elapsed_ns: int
    blocks: int
    cpu_tier: str
    first_primes: tuple[int, ...] = ()


PRIMES_RATE = Metric(
    name="primes_per_sec",
    title="Primes",
    unit="primes/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    headline=True,
    formula="primes found / elapsed; over rounds sum / sum",
    phrase="primes per second",
)
NUMBERS_RATE = Metric(
    name="numbers_per_sec",
    title="Numbers",
    unit="numbers/s",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    formula="(N - start + 1) / elapsed; over rounds sum / sum",
    phrase="numbers per second",
)
ELAPSED = Metric(
    name="elapsed_ms",
    title="Elapsed",
    unit="ms",
    better=Better.LOWER,
    headline=True,
    formula="end of the kernel - start of the kernel, on one monotonic clock",
    phrase="per round",
)
PRIMES_FOUND = Metric(
    name="primes_found",
    title="Primes found",
    unit="primes",
    better=Better.NONE,
    estimator=Estimator.COUNT,
    formula="primes from start to N, checked against the known count where there is one",
)


def derive(record: ComputeRecord, params: ComputeParams) -> Iterable[Measured]:
    """Yield rates and time from one count; a round too short for the clock has no rate."""
    seconds = record.elapsed_ns / 1e9
    yield Measured(metric=PRIMES_FOUND.name, value=record.primes_found)
    yield Measured(metric=ELAPSED.name, value=record.elapsed_ns / 1e6)
    numbers = record.n - record.start + 1
    for metric, numerator in ((PRIMES_RATE, record.primes_found), (NUMBERS_RATE, numbers)):
        if seconds > 0:
            yield Measured(
                metric=metric.name,
                value=numerator / seconds,
                numerator=numerator,
                denominator=seconds,
            )
        else:
            yield Measured(
                metric=metric.name, value=None, reason="shorter than the resolution of the clock"
            )


COMPUTE = Kind(
    name="compute",
    title="Count primes",
    params=ComputeParams,
    record=ComputeRecord,
    metrics=(PRIMES_RATE, ELAPSED, NUMBERS_RATE, PRIMES_FOUND),
    derive=derive,
    work=("n", "start"),
    energy=energy_work(
        PRIMES_FOUND.name,
        one="million primes",
        many="primes",
        unit="primes",
        symbol="Mprimes",
        size=1e6,
    ),
)

__all__ = ["COMPUTE", "ComputeParams", "ComputeRecord"]
