"""Estimate one metric from a lane's rounds, by the metric's declared estimator."""

import math
from collections.abc import Sequence
from typing import assert_never

import msgspec

from benchrace import formatting
from benchrace.events import Measured
from benchrace.kinds import Estimator, Metric
from benchrace.run.summary import MetricSummary
from benchrace.stats.moments import deviation, mean, moments, usable
from benchrace.stats.speech import bootstrap
from benchrace.stats.student import quantile

CONFIDENCE = 0.95
ONE_ROUND = "one round has no spread and no interval"


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """`value` with its standard error, which is null (with `reason`) below two rounds.

    `never_negative` says that no round's own value was below zero, and so bounds the interval.
    Where rounds gave estimates, the true value lies up to `below` under `value` and up to `above`
    over it, whatever the spread of the rounds: no number of rounds makes that less. `parts` counts
    what the error is over, where that is not rounds.
    """

    value: float | None
    error: float | None = None
    df: float = 0.0
    n: int = 0
    reason: str | None = None
    never_negative: bool = False
    below: float = 0.0
    above: float = 0.0
    parts: int | None = None

    @property
    def half_width(self) -> float | None:
        """Return half of the 95 % t interval, without what estimates leave open."""
        if self.value is None or self.error is None:
            return None
        return quantile(0.5 + CONFIDENCE / 2, self.df) * self.error

    @property
    def interval(self) -> tuple[float, float] | None:
        if self.value is None or (half := self.half_width) is None:
            return None
        low = self.value - self.below - half
        return max(low, 0.0) if self.never_negative else low, self.value + self.above + half


class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """A metric's summary, and the estimate that standings and stopping rules use."""

    estimate: Estimate
    summary: MetricSummary


def estimated(metric: Metric, rounds: Sequence[Measured | None]) -> Estimated:
    """Combine the counted rounds of one lane; None is a round that lacks the metric."""
    combining = [round_ for round_ in rounds if round_ is not None and _combines(metric, round_)]
    values = [float(figure.value) for figure in combining if figure.value is not None]
    if not values:
        estimate = Estimate(value=None, reason=_absent(metric, rounds))
    else:
        estimate = _estimate(metric, values, combining)
        if metric.parts and estimate.value is not None:
            estimate = _over_parts(metric, estimate, combining)
        below, above = _open(metric, estimate.value, combining)
        estimate = msgspec.structs.replace(
            estimate, never_negative=min(values) >= 0, below=below, above=above
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
        parts=estimate.parts,
        over=None if estimate.parts is None else _over(metric, estimate.parts, combining),
    )
    if estimate.value is not None and (estimate.below or estimate.above):
        blank = msgspec.structs.replace(
            blank,
            low=estimate.value - estimate.below,
            high=estimate.value + estimate.above,
            unknown=next((figure.unknown for figure in combining if figure.unknown), None),
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
            return ratio([round_.numerator or 0.0 for round_ in rounds], _denominators(rounds))
        case Estimator.COUNT:
            return count(values)
        case _:
            assert_never(metric.estimator)


def _over_parts(metric: Metric, estimate: Estimate, rounds: Sequence[Measured]) -> Estimate:
    """Replace the error of rounds by that of the parts of their work."""
    blank = msgspec.structs.replace(estimate, error=None, df=0.0)
    pooled = bootstrap.pooled(rounds)
    if pooled is None:
        reason = f"the rounds lack figures per {metric.parts}, which an interval needs"
        return msgspec.structs.replace(blank, reason=reason)
    if len(pooled) < 2:
        reason = f"one {metric.parts} has no spread and no interval"
        return msgspec.structs.replace(blank, reason=reason, parts=len(pooled))
    error = bootstrap.error(pooled)
    if not error:
        # Recordings without a single error leave open how rare errors are.
        reason = f"the {metric.parts}s do not differ enough for an interval"
        return msgspec.structs.replace(blank, reason=reason, parts=len(pooled))
    df = len(pooled) - 1
    return msgspec.structs.replace(blank, error=error, df=df, reason=None, parts=len(pooled))


def _over(metric: Metric, parts: int, rounds: Sequence[Measured]) -> str:
    """Return in words what an interval is over."""
    if any(figure.grouped for figure in rounds):
        return f"{parts} groups of {metric.parts}s"
    return formatting.plural(parts, metric.parts)


def sample(values: Sequence[float]) -> Estimate:
    """Estimate by the mean of at least one value."""
    center = mean(values)
    if len(values) < 2:
        return Estimate(value=center, n=1, reason=ONE_ROUND)
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
        return Estimate(value=None, n=n, reason="the denominators add up to 0")
    if n < 2:
        return Estimate(value=value, n=n, reason=ONE_ROUND)
    apart = [a - value * b for a, b in zip(numerators, denominators, strict=True)]
    error = deviation(apart) * math.sqrt(n) / abs(whole) if all(map(usable, apart)) else None
    if not usable(error):
        return Estimate(value=value, n=n, reason="the rounds differ too much for an interval")
    return Estimate(value=value, error=error, df=n - 1, n=n)


def count(values: Sequence[float]) -> Estimate:
    """Estimate by the count on which all rounds agree."""
    low, high = min(values), max(values)
    if low != high:
        reason = f"the rounds disagree: from {_exact(low)} to {_exact(high)}"
        return Estimate(value=None, n=len(values), reason=reason)
    if len(values) < 2:
        return Estimate(value=low, n=1, reason=ONE_ROUND)
    return Estimate(value=low, error=0.0, df=len(values) - 1, n=len(values))


def recovered(summary: MetricSummary) -> Estimate:
    """Return the estimate that a summary was made from: its standard error from its t interval."""
    count = summary.n if summary.parts is None else summary.parts
    if summary.value is None or summary.ci95 is None or count < 2:
        return Estimate(value=summary.value, n=summary.n, reason=summary.reason)
    df = count - 1
    # The low end may have been bounded at 0; the high end never is.
    half = summary.ci95[1] - (summary.value if summary.high is None else summary.high)
    return Estimate(
        value=summary.value,
        error=max(0.0, half) / quantile(0.5 + CONFIDENCE / 2, df),
        df=df,
        n=summary.n,
        below=0.0 if summary.low is None else summary.value - summary.low,
        above=0.0 if summary.high is None else summary.high - summary.value,
        parts=summary.parts,
    )


def _exact(value: float) -> str:
    return formatting.count(value) if float(value).is_integer() else f"{value:.15g}"


def _combines(metric: Metric, measured: Measured) -> bool:
    if not usable(measured.value):
        return False
    if metric.estimator is not Estimator.RATIO:
        return True
    return usable(measured.numerator) and usable(measured.denominator)


def _denominators(rounds: Sequence[Measured]) -> list[float]:
    return [round_.denominator or 0.0 for round_ in rounds]


def _open(metric: Metric, value: float | None, rounds: Sequence[Measured]) -> tuple[float, float]:
    """Return how far the true value may lie below and above `value`: rounds' bounds, combined."""
    estimates = any(round_.low is not None or round_.high is not None for round_ in rounds)
    if value is None or not estimates or metric.estimator is Estimator.COUNT:
        return 0.0, 0.0
    # A mean weighs rounds alike, sum/sum by their denominators.
    ratios = metric.estimator is Estimator.RATIO
    weights = _denominators(rounds) if ratios else [1.0] * len(rounds)
    whole = math.fsum(weights)
    pairs = list(zip(rounds, weights, strict=True))
    below = [_gap(figure.low, figure.value) * weight / whole for figure, weight in pairs]
    above = [_gap(figure.value, figure.high) * weight / whole for figure, weight in pairs]
    if not all(usable(figure) for figure in (*below, *above)):
        return 0.0, 0.0
    return max(0.0, math.fsum(below)), max(0.0, math.fsum(above))


def _gap(low: float | None, high: float | None) -> float:
    return 0.0 if low is None or high is None else high - low


def _span(metric: Metric, rounds: Sequence[Measured]) -> float | None:
    spans = [denominator for denominator in _denominators(rounds) if denominator > 0]
    return mean(spans) if metric.estimator is Estimator.RATIO and spans else None


def _absent(metric: Metric, rounds: Sequence[Measured | None]) -> str:
    if not rounds:
        return "no counted round"
    reason = next(
        (round_.reason for round_ in rounds if round_ is not None and round_.reason), None
    )
    if reason is not None:
        return reason
    if metric.estimator is Estimator.RATIO and any(
        round_ and usable(round_.value) for round_ in rounds
    ):
        return "the rounds lack numerator and denominator, so that they cannot be combined"
    if any(round_ is not None and round_.value is not None for round_ in rounds):
        return "the rounds gave no usable number"
    return "no round measured it"
