"""What the processor can do at most: memory, weights times a vector, matrices."""

from collections.abc import Mapping
from typing import Any

import benchrace_core as core
from benchrace.plugin import (
    Context,
    GemmRecord,
    GemvRecord,
    MemoryRecord,
    Readiness,
    Record,
    Sweep,
)
from benchrace_compute.calibration import calibrate
from benchrace_compute.params import AUTO, GemmOptions, GemvOptions, MemoryOptions
from benchrace_compute.running import checked, execute, refusal, watched

Options = MemoryOptions | GemvOptions | GemmOptions

PROGRESS_S = 0.1
# Kernels by group; those that this processor has not are left out of `all`.
KERNELS = {
    "read": ("read_prefetch", "read_streams"),
    "copy": ("copy", "copy_nt"),
    "triad": ("triad", "triad_nt"),
}
_FIRST_N = 256
_MOST_N = 32_768


def preflight(params: Options) -> Readiness:
    """Report what the kernels refuse."""
    try:
        _ceiling(params)
    except ValueError as error:
        return Readiness(fields=(refusal(error),))
    return Readiness()


async def size(params: Options, context: Context) -> int | None:
    """Return the bytes of an array by what is free now; None for work that has a size by itself.

    Raises `BenchraceError`.
    """
    if isinstance(params, GemmOptions):
        return None
    ceiling = await context.run_blocking(lambda: checked(lambda: _ceiling(params)))
    return ceiling.bytes


async def measure(params: Options, context: Context, size: int | None = None) -> Record:
    """Run the kernels once, all their passes, over arrays of `size` bytes."""
    measured = await watched(lambda: _ceiling(params, size=size), PROGRESS_S, context)
    if measured.virtual_machine:
        context.log("a virtual machine: its caches and its memory's bandwidth are shared")
    sweeps = tuple(
        Sweep(kernel=kernel, amount=amount, elapsed_ns=tuple(elapsed_ns))
        for kernel, amount, elapsed_ns in measured.sweeps
    )
    facts: dict[str, Any] = {
        "sweeps": sweeps,
        "threads_requested": params.threads,
        "threads_used": measured.threads_used,
        "cores_pinned": measured.cores_pinned,
        "cpu_tier": measured.cpu_tier,
        "cache_bytes": measured.cache_bytes,
        "virtual_machine": measured.virtual_machine,
    }
    match params:
        case MemoryOptions():
            return MemoryRecord(**facts, kernels=params.kernels, array_bytes=measured.bytes)
        case GemvOptions():
            return GemvRecord(
                **facts,
                format=params.format,
                columns=params.columns,
                weight_bytes=measured.bytes,
            )
        case GemmOptions():
            return GemmRecord(**facts, precision=params.precision, n=params.n)


async def calibrate_n(params: GemmOptions, context: Context) -> Mapping[str, Any]:
    """Find the N whose passes take about two seconds together."""

    async def seconds(n: int) -> float:
        measured = await execute(lambda: _ceiling(params, n=n, passes=1), context)
        ((_, _, (elapsed_ns,)),) = measured.sweeps
        return params.passes * elapsed_ns / 1e9

    n = await calibrate(seconds, first=_FIRST_N, limit=_MOST_N, exponent=3, growth=2)
    return {"n": n}


def _ceiling(
    params: Options, *, n: int | None = None, passes: int | None = None, size: int | None = None
) -> core.Ceiling:
    how: dict[str, Any] = {
        "threads": params.threads or core.available_threads(),
        "passes": params.passes if passes is None else passes,
        "tier": None if params.tier == AUTO else params.tier,
        "pin": params.pin,
    }
    match params:
        case MemoryOptions():
            kernels = KERNELS.get(params.kernels, ())
            available = [kernel for kernel in kernels if kernel in core.BANDWIDTH_KERNELS]
            return core.Ceiling.bandwidth(available, size=size or _bytes(params.size_mb), **how)
        case GemvOptions():
            size = size or _bytes(params.size_mb)
            return core.Ceiling.gemv(params.format, params.columns, size=size, **how)
        case GemmOptions():
            return core.Ceiling.gemm(params.precision, params.n if n is None else n, **how)


def _bytes(size_mb: int) -> int | None:
    return size_mb * 1_000_000 if size_mb else None
