"""Counts primes with the Rust kernels, and checks every count against the known one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel

import benchrace_core as core
from benchrace.plugin import (
    Backend,
    BenchraceError,
    Category,
    ComputeRecord,
    Context,
    FieldError,
    Lane,
    Probe,
    Readiness,
)
from benchrace_compute.calibration import calibrate
from benchrace_compute.params import COUNTING, Options

_LINES_AT_ONCE = 50


class Cost(NamedTuple):
    """How calibration approaches an algorithm: its first N, and how its time grows with N."""

    first: int
    exponent: float


COSTS = {"trial_division": Cost(100_000, 1.4)}
SIEVE = Cost(2_000_000, 1.05)


class Compute(Backend):
    """One kernel run a round. `threads` 0 takes every core that this process may use."""

    name = "compute"
    title = "Prime sieves in Rust"
    workloads = (COUNTING,)

    async def probe(self, context: Context) -> Probe:
        # Imported here alone, to keep it out of the process that measures.
        from importlib import metadata

        version = metadata.version("benchrace-core")
        return Probe(reachable=True, version=f"{version} ({core.cpu_tier()})")

    async def preflight(self, lane: Lane[Options], context: Context) -> Readiness:
        try:
            _run(lane.params)
        except core.KernelRefused as error:
            _, largest = core.limits(lane.params.algorithm)
            _, _, needs = str(error).partition(": ")
            text = f"{needs}; the largest N that fits now is {largest}"
            return Readiness(fields=(FieldError("n", text),))
        except ValueError as error:
            name, _, text = str(error).partition(": ")
            return Readiness(fields=(FieldError(name, text),))
        return Readiness()

    async def round(self, lane: Lane[Options], context: Context) -> ComputeRecord:
        params = lane.params
        count = await _count(params, context)
        expected = core.known_pi(params.n)
        if expected is not None and count.primes != expected:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{params.algorithm} found {count.primes} primes up to {params.n}; "
                f"there are {expected}",
                "Report it to the kernels' authors; check this machine's memory.",
            )
        return ComputeRecord(
            algorithm=params.algorithm,
            n=params.n,
            threads_requested=params.threads,
            threads_used=count.threads_used,
            primes_found=count.primes,
            primes_expected=expected,
            elapsed_ns=count.elapsed_ns,
            blocks=count.blocks,
            cpu_tier=count.cpu_tier,
            first_primes=await _first_primes(params, context),
        )

    async def calibrate(self, lane: Lane[Options], context: Context) -> Mapping[str, Any]:
        params = lane.params
        cost = COSTS.get(params.algorithm, SIEVE)

        async def seconds(n: int) -> float:
            return (await _execute(_run(params, n), context)).elapsed_ns / 1e9

        _, largest = core.limits(params.algorithm)
        n = await calibrate(seconds, first=cost.first, limit=largest, exponent=cost.exponent)
        return {"n": n}


def _run(params: Options, n: int | None = None) -> core.Run:
    threads = params.threads or core.available_threads()
    return core.Run(params.algorithm, params.n if n is None else n, threads)


async def _count(params: Options, context: Context) -> core.Count:
    run = _run(params)
    async with anyio.create_task_group() as group:
        group.start_soon(_show_progress, run, params.progress_interval_s, context)
        count = await _execute(run, context)
        group.cancel_scope.cancel()
    context.progress(*run.progress(), "blocks")
    return count


async def _show_progress(run: core.Run, interval_s: float, context: Context) -> None:
    """Read the kernel's own counter; the counting threads do not notice."""
    while True:
        await anyio.sleep(interval_s)
        done, total = run.progress()
        if total:
            context.progress(done, total, "blocks")


async def _execute(run: core.Run, context: Context) -> core.Count:
    try:
        return await context.run_blocking(run.execute, on_cancel=run.cancel)
    except core.KernelRefused as error:
        raise BenchraceError(Category.OUT_OF_MEMORY, str(error)) from error
    except core.KernelPanic as error:
        raise BenchraceError(Category.PLUGIN_ERROR, f"the kernel panicked: {error}") from error
    except OSError as error:
        raise BenchraceError(Category.SYSTEM, f"the kernel could not start: {error}") from error


async def _first_primes(params: Options, context: Context) -> tuple[int, ...]:
    if not params.stream_first_k:
        return ()
    primes = await context.run_blocking(lambda: core.first_primes(params.stream_first_k, params.n))
    for place, prime in enumerate(primes, 1):
        context.line(f"prime[{place}]={prime}")
        if place % _LINES_AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()
    return tuple(primes)
