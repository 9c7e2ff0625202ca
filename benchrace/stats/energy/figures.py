"""The numbers of energy of one round."""

import math
from collections.abc import Iterator, Mapping, Sequence

from benchrace.events import Measured, Reason
from benchrace.kinds.energy import ENERGY, EnergyWork
from benchrace.stats.energy.machine import Source
from benchrace.stats.energy.series import Joules, Power

INTERPOLATED = Reason(
    "energy_interpolated",
    "counters are read from time to time: what falls between two readings at the ends of a round "
    "is interpolated",
)
INTEGRATED = Reason(
    "energy_integrated",
    "power is read from time to time and integrated: what happens between two readings is unknown",
)


def total(parts: Sequence[Joules]) -> Joules | str:
    """Add up what the sources counted in one round, or return why it is unknown."""
    value, low, high = (math.fsum(ends) for ends in zip(*parts, strict=True))
    return Joules(value, low, high) if low > 0 else "the counters did not move during the round"


def unknown(sources: Sequence[Source]) -> Reason:
    """Return what the energy of these sources leaves open."""
    integrated = any(isinstance(source.series, Power) for source in sources)
    return INTEGRATED if integrated else INTERPOLATED


def figures(
    joules: Joules | str,
    work: EnergyWork | None,
    measured: Mapping[str, Measured],
    unknown: Reason,
) -> Iterator[Measured]:
    """Yield the metrics of one round; `measured` has what the energy is divided by."""
    names = [ENERGY.name] if work is None else [ENERGY.name, *(m.name for m in work.metrics)]
    if isinstance(joules, str):
        yield from (Measured(metric=name, value=None, reason=joules) for name in names)
        return
    yield Measured(
        metric=ENERGY.name,
        value=joules.value,
        low=joules.low,
        high=joules.high,
        unknown=unknown,
    )
    if work is None:
        return
    counted = measured.get(work.counted_by)
    units = None if counted is None else counted.value
    if not units or units < 0:
        why = counted.reason if counted is not None and units is None else None
        reason = f"{work.counted_by}: {why or 'none'}"
        yield from (Measured(metric=name, value=None, reason=reason) for name in names[1:])
        return
    size = units / work.size
    yield Measured(
        metric=work.per_unit.name,
        value=joules.value / size,
        numerator=joules.value,
        denominator=size,
        low=joules.low / size,
        high=joules.high / size,
        unknown=unknown,
    )
    yield Measured(
        metric=work.per_watt.name,
        value=units / joules.value,
        numerator=units,
        denominator=joules.value,
        low=units / joules.high,
        high=units / joules.low,
        unknown=unknown,
    )
