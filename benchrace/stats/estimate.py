"""Estimates: what a lane's rounds say of one metric, by the metric's declared estimator."""

import math
from collections.abc import Sequence
from typing import assert_never

import msgspec

from benchrace.events import Measured
from benchrace.kinds import Estimator, Metric
from benchrace.run.summary import MetricSummary
from benchrace.stats.moments import deviation, mean, moments, usable
from benchrace.stats.student import quantile

CONFIDENCE = 0.95


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """`value` with its standard error, which is null (with `reason`) below two rounds.

    `never_negative` says that no round's own value was below zero, and so bounds the interval.
    """

    value: float | None
    error: float | None = None
    df: float = 0.0
    n: int = 0
    reason: str | None = None
    never_negative: bool = False

    @property
    def half_width(self) -> float | None:
        """Half of the 95 % t interval."""
        if self.value is None or self.error is None:
            return None
        return quantile(0.5 + CONFIDENCE / 2, self.df) * self.error

    @property
    def interval(self) -> tuple[float, float] | None:
        if self.value is None or (half := self.half_width) is None:
            return None
        low = self.value - half
        return max(low, 0.0) if self.never_negative else low, self.value + half


class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """A metric's summary, and the estimate that standings and stopping rules use."""

    estimate: Estimate
    summary: MetricSummary


def estimated(metric: Metric, rounds: Sequence[Measured | None]) -> Estimated:
    """Combine the counted rounds of one lane; None is a round that lacks the metric."""
    combining = [each for each in rounds if each is not None and _combines(metric, each)]
    values = [float(each.value) for each in combining if each.value is not None]
    if not values:
        estimate = Estimate(value=None, reason=_absent(metric, rounds))
    else:
        estimate = msgspec.structs.replace(
            _estimate(metric, values, combining), never_negative=min(values) >= 0
        )
    blank = MetricSummary(
        title=metric.title,
        unit=metric.unit,
        better=metric.better,
        estimator=metric.estimator,
        n=len(values),
        value=estimate.value,
        ci95=estimate.interval,
        headline=metric.headline,
        formula=metric.formula,
        reason=estimate.reason,
        stamped=metric.stamped,
        span_s=_span(metric, combining),
    )
    if not values:
        return Estimated(estimate=estimate, summary=blank)
    own = moments(values)
    summary = msgspec.structs.replace(
        blank,
        # Never a mean of ratios: rounds of unequal length would count alike.
        mean=estimate.value if metric.estimator is Estimator.RATIO else own.mean,
        median=own.median,
        sd=own.sd,
        cv=own.cv,
        min=own.min,
        max=own.max,
    )
    return Estimated(estimate=estimate, summary=summary)


def _estimate(metric: Metric, values: Sequence[float], rounds: Sequence[Measured]) -> Estimate:
    match metric.estimator:
        case Estimator.SAMPLE:
            return sample(values)
        case Estimator.RATIO:
            return ratio([each.numerator or 0.0 for each in rounds], _denominators(rounds))
        case Estimator.COUNT:
            return count(values)
        case _:
            assert_never(metric.estimator)


def sample(values: Sequence[float]) -> Estimate:
    """Estimate by the mean of at least one value."""
    center = mean(values)
    if len(values) < 2:
        return Estimate(value=center, n=1, reason=_one_round())
    spread = deviation([value - center for value in values])
    n = len(values)
    return Estimate(value=center, error=spread / math.sqrt(n), df=n - 1, n=n)


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """Estimate sum/sum, with its error by linearising the ratio over rounds (the delta method).

    With r = sum(a) / sum(b) and d_i = a_i - r b_i, whose sum is 0, the error is
    sqrt(n / (n - 1) * sum(d_i^2)) / sum(b): Cochran, Sampling Techniques (1977), chapter 6.
    """
    n, whole = len(numerators), math.fsum(denominators)
    value = math.fsum(numerators) / whole if whole else math.inf
    if not usable(value):
        return Estimate(value=None, n=n, reason="the denominators add up to nothing")
    if n < 2:
        return Estimate(value=value, n=n, reason=_one_round())
    apart = [a - value * b for a, b in zip(numerators, denominators, strict=True)]
    error = deviation(apart) * math.sqrt(n) / abs(whole) if all(map(usable, apart)) else None
    if not usable(error):
        return Estimate(value=value, n=n, reason="the rounds differ too much for an interval")
    return Estimate(value=value, error=error, df=n - 1, n=n)


def count(values: Sequence[float]) -> Estimate:
    """Estimate by the count on which all rounds agree."""
    low, high = min(values), max(values)
    if low != high:
        return Estimate(
            value=None, n=len(values), reason=f"the rounds disagree: from {low:.15g} to {high:.15g}"
        )
    if len(values) < 2:
        return Estimate(value=low, n=1, reason=_one_round())
    return Estimate(value=low, error=0.0, df=len(values) - 1, n=len(values))


def _combines(metric: Metric, measured: Measured) -> bool:
    if not usable(measured.value):
        return False
    if metric.estimator is not Estimator.RATIO:
        return True
    return usable(measured.numerator) and usable(measured.denominator)


def _denominators(rounds: Sequence[Measured]) -> list[float]:
    return [each.denominator or 0.0 for each in rounds]


def _span(metric: Metric, rounds: Sequence[Measured]) -> float | None:
    spans = [each for each in _denominators(rounds) if each > 0]
    return mean(spans) if metric.estimator is Estimator.RATIO and spans else None


def _absent(metric: Metric, rounds: Sequence[Measured | None]) -> str:
    if not rounds:
        return "no counted round"
    said = next((each.reason for each in rounds if each is not None and each.reason), None)
    if said is not None:
        return said
    if metric.estimator is Estimator.RATIO and any(each and usable(each.value) for each in rounds):
        return "the rounds lack numerator and denominator, so that they cannot be combined"
    if any(each is not None and each.value is not None for each in rounds):
        return "the rounds gave no usable number"
    return "no round measured it"


def _one_round() -> str:
    return "one round has no spread and no interval"
