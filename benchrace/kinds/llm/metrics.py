"""Declarations of the metrics of text."""

from benchrace.kinds.energy import energy_work
from benchrace.kinds.metric import Better, Estimator, Metric

NETWORK = Metric(
    name="network_bytes_per_token",
    title="Network per token",
    unit="B/tok",
    better=Better.NONE,
    estimator=Estimator.RATIO,
    formula="bytes both ways between the lane's machines, the prompt's included / N_out",
)
TOKENS = energy_work("gen_tokens", one="token", many="tokens", unit="tok", symbol="tok")


def ms(
    name: str,
    title: str,
    formula: str,
    *,
    headline: bool = False,
    stamped: bool = False,
    phrase: str = "",
) -> Metric:
    """Declare a time; lower is better."""
    return Metric(
        name=name,
        title=title,
        unit="ms",
        better=Better.LOWER,
        headline=headline,
        formula=formula,
        stamped=stamped,
        phrase=phrase,
    )


def rate(
    name: str,
    title: str,
    unit: str,
    formula: str,
    *,
    headline: bool = False,
    stamped: bool = False,
    across: str | None = None,
    phrase: str = "",
) -> Metric:
    """Declare a rate, combined as sum / sum; higher is better."""
    return Metric(
        name=name,
        title=title,
        unit=unit,
        better=Better.HIGHER,
        estimator=Estimator.RATIO,
        headline=headline,
        formula=formula,
        stamped=stamped,
        across=across,
        phrase=phrase,
    )


def load(name: str, title: str, unit: str, formula: str) -> Metric:
    """Declare a rate of what is asked of an engine: neither high nor low is better."""
    return Metric(
        name=name,
        title=title,
        unit=unit,
        better=Better.NONE,
        estimator=Estimator.RATIO,
        formula=formula,
    )


def count(name: str, title: str, unit: str, better: Better, formula: str) -> Metric:
    """Declare a count."""
    return Metric(
        name=name,
        title=title,
        unit=unit,
        better=better,
        estimator=Estimator.COUNT,
        formula=formula,
    )
