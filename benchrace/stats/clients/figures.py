"""The metrics of a whole round, derived from its union; what depends on clocks has bounds."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from benchrace.events import Measured, Reason
from benchrace.formatting import duration, percent
from benchrace.kinds import Metric
from benchrace.kinds.llm import SERVE, ServeParams, ServeRecord
from benchrace.kinds.llm.serve import arrivals
from benchrace.stats.clients.part import Zeros

# Of the time that a figure spans; beyond it the figure is left out.
MOST_UNSURE = 0.03
CLOCK_OFFSET = Reason(
    "clock_offset", "the window spans several machines, whose clocks are compared to within a bound"
)
_OVER_MACHINES = frozenset(
    {
        "throughput_tokens_per_s",
        "throughput_chars_per_s",
        "requests_per_s",
        "goodput_per_s",
        "sent_per_s",
    }
)
_OF_GAPS = ("icl_p50_ms", "icl_p95_ms", "icl_p99_ms")
_NO_WINDOW = "each client has a steady window of its own, and they are not joined"
_NO_STAMPS = "the log does not have the stamps of all clients, and percentiles cannot be averaged"


def figures(
    record: ServeRecord,
    parts: Sequence[ServeRecord],
    params: ServeParams,
    zeros: Zeros | str,
    *,
    stamps: bool,
) -> dict[str, Measured]:
    """Derive the metrics of a union; `stamps` says whether its gaps are those of all answers."""
    derived = {figure.metric: figure for figure in SERVE.derive(record, params)}
    # What was asked is a schedule: where the clients' clocks stand does not change it.
    every = [answer for part in parts for answer in part.answers]
    schedule = {figure.metric: figure for figure in arrivals(every, params)}
    derived["asked_per_s"] = schedule["asked_per_s"]
    derived["steady_tokens_per_s"] = _unknown("steady_tokens_per_s", _NO_WINDOW)
    if not stamps:
        derived |= {name: _unknown(name, _NO_STAMPS) for name in _OF_GAPS}
    for name in _OVER_MACHINES & derived.keys():
        derived[name] = _on_one_clock(derived[name], zeros)
    return derived


def in_order(metrics: Sequence[Metric], derived: Mapping[str, Measured]) -> Iterable[Measured]:
    """Yield one number for each metric that the workload declares, in that order."""
    for metric in metrics:
        yield derived.get(metric.name) or _unknown(metric.name, "not measured over several clients")


def _on_one_clock(figure: Measured, zeros: Zeros | str) -> Measured:
    """Widen a rate by what is not known of the clocks, or leave it out where that is too much."""
    if figure.value is None or figure.denominator is None:
        return figure
    if isinstance(zeros, str):
        return _unknown(figure.metric, zeros)
    unsure_s = zeros.unsure_ns / 1e9
    if not unsure_s:
        return figure
    share = unsure_s / figure.denominator
    if share > MOST_UNSURE:
        off, whole = duration(zeros.unsure_ns), duration(int(figure.denominator * 1e9))
        text = f"the clients' clocks are compared to within {off} only, {percent(share)} of {whole}"
        return _unknown(figure.metric, text)
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    # One reason to a figure: what leaves more of it open. Other rates of the round name the clocks.
    wider = figure.unknown if high - low > 2 * share * figure.value else None
    return msgspec.structs.replace(
        figure,
        low=low / (1 + share),
        high=high / (1 - share),
        unknown=wider or CLOCK_OFFSET,
    )


def _unknown(name: str, reason: str) -> Measured:
    return Measured(metric=name, value=None, reason=reason)
