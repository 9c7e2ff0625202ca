"""Counts primes with the Rust kernels, checks every count, and measures what a machine can do."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import anyio.lowlevel

import benchrace_core as core
from benchrace.plugin import (
    Backend,
    BenchraceError,
    Category,
    ComputeRecord,
    Config,
    Context,
    FieldError,
    GpuMemoryParams,
    Lane,
    Probe,
    Readiness,
)
from benchrace_compute import ceilings, gpu_memory
from benchrace_compute.calibration import calibrate
from benchrace_compute.params import (
    AUTO,
    BANDWIDTH,
    COUNTING,
    DECODE,
    GPU_BANDWIDTH,
    PREFILL,
    GemmOptions,
    Options,
)
from benchrace_compute.running import execute, watched

_LINES_AT_ONCE = 50


class Cost(NamedTuple):
    """How calibration approaches an algorithm: its first N, and how its time grows with N."""

    first: int
    exponent: float


COSTS = {"trial_division": Cost(100_000, 1.4)}
SIEVE = Cost(2_000_000, 1.05)


class Compute(Backend):
    """One kernel run a round. `threads` 0 takes every core that this process may use.

    The size of arrays is chosen when a lane opens, and is the same in all of its rounds. A round
    fails where that is more than 90 % of the memory that is available by then.
    """

    name = "compute"
    title = "Kernels in Rust"
    workloads = (COUNTING, BANDWIDTH, DECODE, PREFILL, GPU_BANDWIDTH)

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        # Bytes of an array, by lane.
        self._sizes: dict[str, int | None] = {}

    async def probe(self, context: Context) -> Probe:
        # Imported here alone, to keep it out of the process that measures.
        from importlib import metadata

        return Probe(reachable=True, version=metadata.version("benchrace-core"))

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        match lane.params:
            case Options() as params:
                return _preflight(params)
            case GpuMemoryParams() as params:
                return await gpu_memory.preflight(params, context)
            case params:
                return ceilings.preflight(params)

    async def open(self, lane: Lane[Any], context: Context) -> None:
        match lane.params:
            case Options():
                return
            case GpuMemoryParams() as params:
                size: int | None = await gpu_memory.size(params, context)
            case params:
                size = await ceilings.size(params, context)
        # A lane that is opened again goes on with the size that its earlier rounds had.
        self._sizes.setdefault(lane.lane_id, size)

    async def round(self, lane: Lane[Any], context: Context) -> Any:
        size = self._sizes.get(lane.lane_id)
        match lane.params:
            case Options() as params:
                return await _count(params, context)
            case GpuMemoryParams() as params:
                return await gpu_memory.measure(params, context, size)
            case params:
                return await ceilings.measure(params, context, size)

    async def calibrate(self, lane: Lane[Any], context: Context) -> Mapping[str, Any]:
        if isinstance(lane.params, GemmOptions):
            return await ceilings.calibrate_n(lane.params, context)
        return await _calibrate(lane.params, context)


def _preflight(params: Options) -> Readiness:
    if params.stream_first_k and params.start > 1:
        text = f"shows the primes from 2 on, not from {params.start}; set it to 0"
        return Readiness(fields=(FieldError("stream_first_k", text),))
    try:
        _run(params)
    except core.KernelRefused as error:
        _, largest = core.limits(params.algorithm)
        _, _, needs = str(error).partition(": ")
        text = f"{needs}; the largest N that fits now is {largest}"
        return Readiness(fields=(FieldError("n", text),))
    except ValueError as error:
        name, _, text = str(error).partition(": ")
        return Readiness(fields=(FieldError(name, text),))
    return Readiness()


async def _count(params: Options, context: Context) -> ComputeRecord:
    count = await watched(lambda: _run(params), params.progress_interval_s, context)
    expected = _expected(params)
    if expected is not None and count.primes != expected:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"{params.algorithm} found {count.primes} primes {_range(params)}; "
            f"there are {expected}",
            "Report it to the kernels' authors; check this machine's memory.",
        )
    return ComputeRecord(
        algorithm=params.algorithm,
        n=params.n,
        start=params.start,
        threads_requested=params.threads,
        threads_used=count.threads_used,
        primes_found=count.primes,
        primes_expected=expected,
        elapsed_ns=count.elapsed_ns,
        blocks=count.blocks,
        cpu_tier=count.cpu_tier,
        first_primes=await _first_primes(params, context),
    )


async def _calibrate(params: Options, context: Context) -> Mapping[str, Any]:
    cost = COSTS.get(params.algorithm, SIEVE)
    before = params.start - 1

    async def seconds(numbers: int) -> float:
        count = await execute(lambda: _run(params, before + numbers), context)
        return count.elapsed_ns / 1e9

    _, largest = core.limits(params.algorithm)
    numbers = await calibrate(
        seconds, first=cost.first, limit=largest - before, exponent=cost.exponent
    )
    return {"n": before + numbers}


def _run(params: Options, n: int | None = None) -> core.Run:
    return core.Run(
        params.algorithm,
        params.n if n is None else n,
        params.threads or core.available_threads(),
        start=params.start,
        tier=None if params.tier == AUTO else params.tier,
    )


def _expected(params: Options) -> int | None:
    """Return the known count of the range, None where one of its ends is not on record."""
    upto, before = core.known_pi(params.n), 0
    if params.start > 1:
        below = core.known_pi(params.start - 1)
        if below is None:
            return None
        before = below
    return None if upto is None else upto - before


def _range(params: Options) -> str:
    return f"up to {params.n}" if params.start == 1 else f"from {params.start} to {params.n}"


async def _first_primes(params: Options, context: Context) -> tuple[int, ...]:
    if not params.stream_first_k:
        return ()
    primes = await context.run_blocking(lambda: core.first_primes(params.stream_first_k, params.n))
    for place, prime in enumerate(primes, 1):
        context.line(f"prime[{place}]={prime}")
        if place % _LINES_AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()
    return tuple(primes)
