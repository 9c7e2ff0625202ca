"""Energy of a round, and what a kind of work sets it against."""

import msgspec

from benchrace.kinds.metric import Better, Estimator, Metric

# NVML does not say when it last renewed a counter. Measured: every 20 to 100 ms, by the model
# (Z. Yang, K. Adamek, W. Armour, Part-time Power Measurements, SC 2024).
NVML_REFRESH_S = 0.1

ENERGY = Metric(
    name="energy_j",
    title="Energy",
    unit="J",
    better=Better.LOWER,
    formula="increase of the machine's energy counters over the round, idle power included",
)


class EnergyWork(msgspec.Struct, frozen=True, kw_only=True):
    """What a round's energy is divided by: the value of the metric `counted_by`.

    `per_unit` is the energy of `size` units, `per_watt` the units of a joule, which are units per
    second per watt. Both combine as sum / sum.
    """

    counted_by: str
    per_unit: Metric
    per_watt: Metric
    size: float = 1.0

    @property
    def metrics(self) -> tuple[Metric, Metric]:
        return self.per_unit, self.per_watt


def energy_work(
    counted_by: str, *, one: str, many: str, unit: str, symbol: str, size: float = 1.0
) -> EnergyWork:
    """Declare energy per `one`, and `many` per second per watt.

    `unit` is the unit of one, `symbol` that of `size` of them: `primes` and `Mprimes`.
    """
    return EnergyWork(
        counted_by=counted_by,
        per_unit=Metric(
            name=f"energy_per_{one.replace(' ', '_')}_j",
            title=f"Energy per {one}",
            unit=f"J/{symbol}",
            better=Better.LOWER,
            estimator=Estimator.RATIO,
            formula=f"energy of the round / {counted_by}; over rounds sum / sum",
        ),
        per_watt=Metric(
            name=f"{many.replace(' ', '_')}_per_s_per_w",
            title=f"{many.capitalize()} per second per watt",
            unit=f"{unit}/s/W",
            better=Better.HIGHER,
            estimator=Estimator.RATIO,
            formula=f"{counted_by} / energy of the round; over rounds sum / sum",
        ),
        size=size,
    )


def energy_metrics(work: EnergyWork | None) -> tuple[Metric, ...]:
    """Return the metrics of energy that a kind has."""
    return (ENERGY,) if work is None else (ENERGY, *work.metrics)
