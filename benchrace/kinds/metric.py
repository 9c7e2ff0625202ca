"""Metrics: what a number means, declared once and used by every summary, gate and page."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Better(StrEnum):
    """`none` is for what has to be right, or only describes the work: it ranks nothing."""

    HIGHER = "higher"
    LOWER = "lower"
    NONE = "none"

    @property
    def text(self) -> str:
        """`higher is better`; empty for `none`."""
        return "" if self is Better.NONE else f"{self.value} is better"


class Estimator(StrEnum):
    """How rounds combine: mean of samples, sum/sum of a ratio, or a plain count."""

    SAMPLE = "sample"
    RATIO = "ratio"
    COUNT = "count"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A number's declaration. `headline` metrics are shown first; the first one ranks lanes.

    `stamped` numbers come from arrival stamps, so that less than the stamps' own error is a tie.
    `across` names the metric that ranks instead where lanes count in units that are not comparable.
    `phrase` follows the number in a sentence: `tokens per second while decoding`. `parts` names
    what a ratio's interval is over instead of rounds, such as `recording`, where rounds repeat the
    same work: rounds that agree say nothing about other recordings.
    """

    name: str
    title: str
    unit: str
    better: Better
    estimator: Estimator = Estimator.SAMPLE
    headline: bool = False
    formula: str = ""
    stamped: bool = False
    across: str | None = None
    phrase: str = ""
    parts: str = ""


def ranking(metrics: Sequence[Metric]) -> Metric | None:
    """Return the metric that ranks: the first headline one, or the first that has a direction."""
    directed = [metric for metric in metrics if metric.better is not Better.NONE]
    return next((metric for metric in directed if metric.headline), next(iter(directed), None))
