"""Counting primes on a simulated machine: it waits as long as such a machine would count."""

from typing import Annotated, Any

import anyio

from benchrace.plugin import (
    COMPUTE,
    Backend,
    BenchraceError,
    Category,
    ComputeParams,
    ComputeRecord,
    Context,
    Lane,
    Meta,
    Probe,
    Resource,
    Workload,
)
from benchrace_simulated import __version__
from benchrace_simulated.config import ProcessorConfig
from benchrace_simulated.pace import pace
from benchrace_simulated.profiles import BY_KEY

# N, and how many primes there are up to it: nobody counts them here.
PRIMES = {
    2_000_000: 148_933,
    20_000_000: 1_270_607,
    50_000_000: 3_001_134,
    100_000_000: 5_761_455,
    1_000_000_000: 50_847_534,
    10_000_000_000: 455_052_511,
}
_SLOWER = {"segmented_sieve": 1.0, "simple_sieve": 3.5}
# Threads share caches: each further one adds this much of a core.
_SCALING = 0.85


class Options(ComputeParams, frozen=True, kw_only=True):
    """The kind's own parameters, narrowed down to what the script knows."""

    algorithm: Annotated[
        str,
        Meta(
            title="Algorithm",
            description="How the primes would be counted.",
            pattern=f"^({'|'.join(_SLOWER)})$",
            extra_json_schema={"enum": list(_SLOWER)},
        ),
    ] = "segmented_sieve"
    n: Annotated[
        int,
        Meta(
            title="N",
            description="Primes up to and including N.",
            ge=min(PRIMES),
            le=max(PRIMES),
            extra_json_schema={"enum": list(PRIMES)},
        ),
    ] = 1_000_000_000
    start: Annotated[
        int, Meta(title="From", description="Simulated counts start at 1.", ge=1, le=1)
    ] = 1


class SimulatedProcessor(Backend):
    """Waits for the time of the script, and shows progress meanwhile."""

    name = "simulated-cpu"
    title = "Simulated processor"
    config = ProcessorConfig
    workloads = (
        Workload(
            kind=COMPUTE,
            params=Options,
            presets={"1G": {"n": 1_000_000_000}, "10G": {"n": 10_000_000_000}},
            saturates=frozenset({Resource.CPU, Resource.MEMORY}),
        ),
    )

    async def probe(self, context: Context) -> Probe:
        return Probe(reachable=True, version=__version__)

    async def round(self, lane: Lane[Any], context: Context) -> ComputeRecord:
        params: Options = lane.params
        if params.n not in PRIMES:
            raise BenchraceError(
                Category.VALIDATION,
                f"simulated machines count primes up to {', '.join(map(str, PRIMES))}",
                "Choose one of these as N.",
            )
        settings = (
            self.settings if isinstance(self.settings, ProcessorConfig) else ProcessorConfig()
        )
        profile = BY_KEY[settings.profile]
        threads = min(params.threads or profile.threads, profile.threads)
        now = pace(profile, settings.seed, settings.machine, context.round.round, settings.failures)
        speed = profile.numbers * (1 + (threads - 1) * _SCALING) / _SLOWER[params.algorithm]
        length_s = params.n / (speed * now.factor)
        began = context.clock.monotonic_ns()
        await _work(context, length_s, params.progress_interval_s, now.failed)
        return ComputeRecord(
            algorithm=params.algorithm,
            n=params.n,
            threads_requested=params.threads,
            threads_used=threads,
            primes_found=PRIMES[params.n],
            primes_expected=PRIMES[params.n],
            elapsed_ns=context.clock.monotonic_ns() - began,
            blocks=100,
            cpu_tier="simulated",
        )


async def _work(context: Context, length_s: float, every_s: float, fails: float | None) -> None:
    """Wait in steps, each with its progress; raise where the script has the round fail."""
    began, until = anyio.current_time(), length_s if fails is None else length_s * fails
    while (passed := anyio.current_time() - began) < until:
        context.progress(int(100 * passed / length_s), 100, "blocks")
        await anyio.sleep(min(every_s, until - passed))
    if fails is not None:
        text = "the simulated processor failed, as the fleet was asked to"
        raise BenchraceError(Category.SYSTEM, text, "Start the fleet without failures.")
    context.progress(100, 100, "blocks")
