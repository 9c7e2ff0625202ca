"""From what runs measured to a machine's ceilings, with what made them invalid; pure."""

from collections.abc import Iterator, Sequence

import msgspec

from benchrace.api.machine.ceilings import (
    CeilingAnswer,
    CeilingPoint,
    EngineEfficiency,
    MachineCeilings,
)
from benchrace.central.ceilings.conditions import Conditions, changed
from benchrace.central.ceilings.readings import EngineReading, Reading, RunReadings
from benchrace.formatting import quantity
from benchrace.ids import MachineId, RunId
from benchrace.run.findings.ceiling import (
    GPU_READ,
    LIMITS,
    PRODUCT,
    READ,
    WEIGHTS,
    Ceiling,
    Efficiency,
    Limit,
    Roofs,
)
from benchrace.run.planning.fit import Pool
from benchrace.run.planning.prediction import from_cache, measured, row_overhead

# Of an engine, these many of its newest lanes say how near it comes to a ceiling.
MAX_LANES = 10
# The history of a limit has these many runs.
MAX_POINTS = 20
# A newer run that is slower by more than this share is mentioned.
SLOWER = 0.1


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as it is now; `now` is null where it is not known. `cache_bytes` is its last-level
    cache, 0 where that is unknown.
    """

    machine_id: MachineId
    pool: Pool
    now: Conditions | None
    cache_bytes: int = 0


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's ceilings as people see them, and as predictions use them."""

    answer: MachineCeilings
    roofs: Roofs


def collect(machine: Machine, runs: Sequence[RunReadings]) -> Collected:
    """Collect the ceilings of a machine from runs, given newest first."""
    ceilings = tuple(_ceilings(machine, runs))
    result = _read(machine.pool, ceilings)
    current = None if result is None else result.current
    reason = None if current is not None else _why_no_read(machine, result, runs)
    products = _variants(ceilings, PRODUCT)
    lanes = _lanes(machine, runs)
    engines = tuple(_engines(machine, lanes, current, products))
    return Collected(
        answer=MachineCeilings(
            machine_id=machine.machine_id,
            pool=machine.pool,
            ceilings=ceilings,
            engines=engines,
            reason=reason,
        ),
        roofs=Roofs(
            pool=machine.pool,
            read=_plain(current),
            reason=reason,
            weights=_variants(ceilings, WEIGHTS),
            products=products,
            decode={one.backend: one.decode for one in engines if one.decode is not None},
            formats={backend: _formats(machine, own, current) for backend, own in lanes.items()},
            prefill={one.backend: one.prefill for one in engines if one.prefill is not None},
        ),
    )


def _read(pool: Pool, ceilings: Sequence[CeilingAnswer]) -> CeilingAnswer | None:
    """Return the read bandwidth of the memory that engines use.

    Where processor and GPU share it, the processor alone may not reach what the GPU does: its
    bandwidth is a lower bound, and counts only while the GPU's was not measured.
    """
    by_pool = {Pool.SYSTEM: (READ,), Pool.VRAM: (GPU_READ,), Pool.UNIFIED: (GPU_READ, READ)}
    result = [one for limit in by_pool[pool] for one in ceilings if _is(one, limit)]
    return next((one for one in result if one.current is not None), next(iter(result), None))


def _ceilings(machine: Machine, runs: Sequence[RunReadings]) -> Iterator[CeilingAnswer]:
    """Yield each limit that was ever measured on the machine, in the order of `LIMITS`."""
    for limit in LIMITS:
        variants = {
            reading.variant
            for run in runs
            for reading in run.ceilings
            if reading.machine_id == machine.machine_id and reading.limit == limit
        }
        for variant in sorted(variants):
            points = tuple(_points(machine, runs, limit, variant))
            holding = [point for point in points if point.reason is None]
            # A run with fewer threads, or on a busy machine, does not lower what was reached.
            current = max(holding, key=lambda point: point.value, default=None)
            yield CeilingAnswer(
                kind=limit.kind,
                metric=limit.metric,
                title=limit.title,
                variant=variant,
                current=current,
                reason=points[0].reason if current is None else None,
                note=None if current is None else _slower(current, holding),
                history=points[:MAX_POINTS][::-1],
            )


def _slower(current: CeilingPoint, holding: Sequence[CeilingPoint]) -> str | None:
    """Return a remark where the newest run that ran like the fastest one is clearly slower."""
    alike = (
        point for point in holding if (point.threads, point.tier) == (current.threads, current.tier)
    )
    newest = next(alike, current)
    if newest.value >= current.value * (1 - SLOWER):
        return None
    value = quantity(newest.value, newest.unit)
    return f"the newest run, {newest.run_id}, reached {value}: measure it again"


def _points(
    machine: Machine, runs: Sequence[RunReadings], limit: Limit, variant: str
) -> Iterator[CeilingPoint]:
    """Yield what each run measured: the lane with the number of threads that is fastest."""
    for run in runs:
        own = [
            reading.ceiling
            for reading in run.ceilings
            if _belongs(reading, machine.machine_id, limit, variant)
        ]
        if own:
            best = max(own, key=lambda ceiling: ceiling.value)
            fields = msgspec.structs.asdict(best)
            yield CeilingPoint(**fields, reason=_stale(machine, run))


def _belongs(reading: Reading, machine_id: MachineId, limit: Limit, variant: str) -> bool:
    return (reading.machine_id, reading.limit, reading.variant) == (machine_id, limit, variant)


def _stale(machine: Machine, run: RunReadings) -> str | None:
    then = run.conditions.get(machine.machine_id)
    return None if then is None or machine.now is None else changed(then, machine.now)


def _lanes(machine: Machine, runs: Sequence[RunReadings]) -> dict[str, list[EngineReading]]:
    """Return the newest lanes of each backend that tell its efficiency."""
    own = [
        engine
        for run in runs
        if _stale(machine, run) is None
        for engine in run.engines
        if engine.machine_id == machine.machine_id
    ]
    result = {}
    for backend in sorted({engine.backend for engine in own}):
        lanes = [engine for engine in own if engine.backend == backend]
        # A model in the cache shows how fast the cache is: it counts where nothing else is known.
        larger = [lane for lane in lanes if lane.bytes_per_token > machine.cache_bytes]
        result[backend] = (larger or lanes)[:MAX_LANES]
    return result


def _formats(
    machine: Machine, lanes: Sequence[EngineReading], read: Ceiling | None
) -> dict[str, Efficiency]:
    formats = {lane.quantization for lane in lanes if lane.quantization}
    result = {
        name: _decode(machine, [lane for lane in lanes if lane.quantization == name], read)
        for name in sorted(formats)
    }
    return {name: efficiency for name, efficiency in result.items() if efficiency is not None}


def _decode(
    machine: Machine, lanes: Sequence[EngineReading], read: Ceiling | None
) -> Efficiency | None:
    """Return the share of the read bandwidth that an engine reached while it read weights."""
    with_width = [lane for lane in lanes if row_overhead(lane.width, machine.pool) is not None]
    # Lanes of older runs have no width: what they reached has the overhead in it.
    lanes = with_width or lanes
    shares = [
        share
        for lane in lanes
        if (share := _share(lane.run_id, _weights_rate(machine.pool, lane), read)) is not None
    ]
    in_cache = all(0 < lane.bytes_per_token <= machine.cache_bytes for lane in lanes)
    if not in_cache:
        # Memory gives no more than was measured: the ceiling is too low, or the rows cost less.
        shares = [(run_id, min(share, 1.0)) for run_id, share in shares]
    result = measured(shares)
    if result is None:
        return None
    result = msgspec.structs.replace(result, with_rows=not with_width)
    if in_cache:
        return from_cache(result)
    return msgspec.structs.replace(result, high=min(result.high, 1.0))


def _weights_rate(pool: Pool, lane: EngineReading) -> float | None:
    """Return the bytes per second while weights were read."""
    if lane.bytes_per_s is None:
        return None
    return lane.bytes_per_s * (1 + (row_overhead(lane.width, pool) or 0))


def _engines(
    machine: Machine,
    by_backend: dict[str, list[EngineReading]],
    read: Ceiling | None,
    products: dict[str, Ceiling],
) -> Iterator[EngineEfficiency]:
    for backend, lanes in by_backend.items():
        prefill = [
            _share(lane.run_id, lane.flop_per_s, products.get(lane.precision)) for lane in lanes
        ]
        yield EngineEfficiency(
            backend=backend,
            decode=_decode(machine, lanes, read),
            prefill=measured([share for share in prefill if share is not None]),
        )


def _share(
    run_id: RunId, rate: float | None, ceiling: Ceiling | None
) -> tuple[RunId, float] | None:
    """Divide by a ceiling in GB/s or GFLOP/s; None without a rate or a ceiling above 0."""
    if rate is None or rate <= 0 or ceiling is None or ceiling.value <= 0:
        return None
    return run_id, rate / (ceiling.value * 1e9)


def _variants(ceilings: Sequence[CeilingAnswer], limit: Limit) -> dict[str, Ceiling]:
    result = ((one.variant, _plain(one.current)) for one in ceilings if _is(one, limit))
    return {variant: ceiling for variant, ceiling in result if ceiling is not None}


def _is(ceiling: CeilingAnswer, limit: Limit) -> bool:
    return (ceiling.kind, ceiling.metric) == (limit.kind, limit.metric)


def _plain(point: CeilingPoint | None) -> Ceiling | None:
    if point is None:
        return None
    return Ceiling(**{name: getattr(point, name) for name in Ceiling.__struct_fields__})


def _why_no_read(
    machine: Machine, result: CeilingAnswer | None, runs: Sequence[RunReadings]
) -> str:
    limit = GPU_READ if machine.pool is Pool.VRAM else READ
    for run in runs:
        for one in run.suspect:
            if (one.machine_id, one.limit) == (machine.machine_id, limit):
                return f"the read bandwidth has no VALID round: run {run.run_id} is {one.why}"
    if result is not None and result.reason is not None:
        return f"the read bandwidth has to be measured again: {result.reason}"
    memory = "GPU memory" if machine.pool is Pool.VRAM else "memory"
    return f"the read bandwidth of the machine's {memory} has not been measured"
