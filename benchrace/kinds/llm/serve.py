"""Many answers a round: what the system does, and what each of its users sees."""

import math
from collections.abc import Callable, Iterable, Sequence

from benchrace.events import Measured
from benchrace.kinds.kind import Kind
from benchrace.kinds.llm import metrics, ratio
from benchrace.kinds.llm.params import Arrival, ServeParams
from benchrace.kinds.llm.record import Answer, ServeRecord
from benchrace.kinds.llm.single import gaps, ms
from benchrace.kinds.metric import Better, Metric

PERCENTILES = (50, 95, 99)
_RATES = (
    "throughput_tokens_per_s",
    "throughput_chars_per_s",
    "requests_per_s",
    "goodput_per_s",
    "steady_tokens_per_s",
)


def _percentiles(name: str, title: str, formula: str) -> tuple[Metric, ...]:
    return tuple(
        metrics.ms(
            f"{name}_p{p}_ms", f"{title} p{p}", f"p{p} over requests of {formula}", stamped=True
        )
        for p in PERCENTILES
    )


METRICS = (
    metrics.rate(
        "throughput_tokens_per_s",
        "Throughput",
        "tok/s",
        "sum N_out / (last t_last - first t_send); never a sum of rates",
        headline=True,
        stamped=True,
        across="throughput_chars_per_s",
    ),
    metrics.rate(
        "throughput_chars_per_s",
        "Throughput in characters",
        "char/s",
        "sum of characters / (last t_last - first t_send)",
        stamped=True,
    ),
    metrics.rate(
        "steady_tokens_per_s",
        "Steady throughput",
        "tok/s",
        "tokens while all streams were busy / that window",
    ),
    metrics.rate("requests_per_s", "Requests", "req/s", "answers / (last t_last - first t_send)"),
    metrics.rate(
        "goodput_per_s", "Goodput", "req/s", "answers that meet every stated limit / second"
    ),
    metrics.ms(
        "total_mean_ms",
        "Mean total",
        "mean over requests of t_last - t_send, under an open loop of t_last - t_scheduled",
        stamped=True,
    ),
    *_percentiles("ttft", "Time to first token", "t_first - t_send"),
    *_percentiles("tpot", "Time per output token", "(t_last - t_first) / (N_out - 1)"),
    *_percentiles("total", "Total", "t_last - t_send"),
    *_percentiles("ttft_scheduled", "First token from schedule", "t_first - t_scheduled"),
    *_percentiles("total_scheduled", "Total from schedule", "t_last - t_scheduled"),
    metrics.ms("icl_p50_ms", "Inter-chunk latency p50", "median of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p95_ms", "Inter-chunk latency p95", "95th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p99_ms", "Inter-chunk latency p99", "99th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_max_ms", "Longest gap", "max of t_c(i+1) - t_c(i)"),
    metrics.count("stalls", "Stalls", "gaps", Better.LOWER, "gaps over 500 ms"),
    metrics.count("answers", "Answers", "requests", Better.HIGHER, "answers that are whole"),
    metrics.count("failures", "Failures", "requests", Better.LOWER, "answers that are not"),
    metrics.count("gen_tokens", "Output tokens", "tokens", Better.HIGHER, "sum N_out"),
    metrics.count("prompt_tokens", "Prompt tokens", "tokens", Better.LOWER, "sum N_in"),
    metrics.ms("load_ms", "Load", "loading the model, apart from the answers"),
)


def derive(record: ServeRecord, params: ServeParams) -> Iterable[Measured]:
    """All that many answers tell. What failed counts as failed and in no latency."""
    good = [each for each in record.answers if each.error is None and each.last_ns is not None]
    yield from rates(record, good, params)
    yield from _latencies(good, params)
    yield from gaps(record.gaps)
    yield Measured(metric="answers", value=len(good))
    yield Measured(metric="failures", value=len(record.answers) - len(good))
    for name, told in (
        ("gen_tokens", [each.usage.output for each in good]),
        ("prompt_tokens", [each.usage.prompt for each in good]),
    ):
        known = [value for value in told if value is not None]
        if len(known) == len(told) and known:
            yield Measured(metric=name, value=sum(known))
        else:
            reason = "the engine does not tell of all" if good else "no answer was whole"
            yield Measured(metric=name, value=None, reason=reason)
    yield ms("load_ms", record.load_ns, "nothing was loaded, or the engine does not tell")


def rates(record: ServeRecord, good: Sequence[Answer], params: ServeParams) -> Iterable[Measured]:
    """What the system as a whole did."""
    if not good:
        for name in _RATES:
            yield Measured(metric=name, value=None, reason="no answer was whole")
        return
    last = max(each.last_ns for each in good if each.last_ns is not None)
    span = last - min(each.send_ns for each in record.answers)
    tokens = [each.usage.output for each in good]
    if None in tokens:
        reason = "the engine does not tell its tokens"
        yield Measured(metric="throughput_tokens_per_s", value=None, reason=reason)
    else:
        yield ratio.rate("throughput_tokens_per_s", sum(n for n in tokens if n is not None), span)
    yield ratio.rate("throughput_chars_per_s", sum(each.characters for each in good), span)
    yield ratio.rate("requests_per_s", len(good), span)
    if _limits(params):
        yield ratio.rate("goodput_per_s", sum(meets(each, params) for each in good), span)
    else:
        yield Measured(metric="goodput_per_s", value=None, reason="no limit was stated")
    if record.steady is None:
        reason = "never were all streams busy with tokens at the same time"
        yield Measured(metric="steady_tokens_per_s", value=None, reason=reason)
    else:
        window = record.steady.end_ns - record.steady.start_ns
        yield ratio.rate("steady_tokens_per_s", record.steady.tokens, window)


def meets(answer: Answer, params: ServeParams) -> bool:
    """Say whether an answer meets every stated limit; what is not known meets none.

    Under an open loop latencies count from the schedule: coordinated omission hides nothing.
    """
    start = answer.send_ns if answer.scheduled_ns is None else answer.scheduled_ns
    steps = ratio.steps(answer)
    found = (
        (params.ttft_limit_ms, None if answer.first_ns is None else answer.first_ns - start),
        (params.e2e_limit_ms, None if answer.last_ns is None else answer.last_ns - start),
        (params.tpot_limit_ms, None if isinstance(steps, str) else steps.span_ns / steps.n),
    )
    return all(not limit or (value is not None and value / 1e6 <= limit) for limit, value in found)


def percentile(values: Sequence[float], p: int) -> float | None:
    """The nearest-rank percentile, None where n < 10 / (1 - p)."""
    if len(values) < needed(p):
        return None
    return sorted(values)[max(0, math.ceil(len(values) * p / 100) - 1)]


def needed(p: int) -> int:
    """How many values a percentile needs: 10 / (1 - p)."""
    return math.ceil(10 / (1 - p / 100) - 1e-9)


def _latencies(good: Sequence[Answer], params: ServeParams) -> Iterable[Measured]:
    of_total = _SPANS["total" if params.arrival is Arrival.CLOSED else "total_scheduled"]
    totals = [value for value in map(of_total, good) if value is not None]
    mean = math.fsum(totals) / len(totals) if totals else None
    yield ms("total_mean_ms", mean, "no answer was whole")
    for name, of in _SPANS.items():
        if name.endswith("_scheduled") and params.arrival is Arrival.CLOSED:
            reason = "a closed loop has no schedule"
            for p in PERCENTILES:
                yield Measured(metric=f"{name}_p{p}_ms", value=None, reason=reason)
            continue
        values = [value for value in map(of, good) if value is not None]
        for p in PERCENTILES:
            reason = f"n too small: {len(values)} requests of the {needed(p)} that it needs"
            yield ms(f"{name}_p{p}_ms", percentile(values, p), reason)


def _limits(params: ServeParams) -> bool:
    limits = (params.ttft_limit_ms, params.tpot_limit_ms, params.e2e_limit_ms)
    return any(limits)


def _since(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else end - start


def _tpot(answer: Answer) -> float | None:
    steps = ratio.steps(answer)
    return None if isinstance(steps, str) else steps.span_ns / steps.n


_SPANS: dict[str, Callable[[Answer], float | None]] = {
    "ttft": lambda each: _since(each.send_ns, each.first_ns),
    "tpot": _tpot,
    "total": lambda each: _since(each.send_ns, each.last_ns),
    "ttft_scheduled": lambda each: _since(each.scheduled_ns, each.first_ns),
    "total_scheduled": lambda each: _since(each.scheduled_ns, each.last_ns),
}

SERVE = Kind(
    name="llm_serve",
    title="Serve many streams",
    params=ServeParams,
    record=ServeRecord,
    metrics=METRICS,
    derive=derive,
)
