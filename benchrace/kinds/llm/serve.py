"""Many answers per round: metrics of the system, and of each of its users."""

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from benchrace.events import Measured
from benchrace.kinds.kind import Kind
from benchrace.kinds.llm import metrics, ratio
from benchrace.kinds.llm.params import WORK, Arrival, ServeParams
from benchrace.kinds.llm.record import Answer, ServeRecord, Steady
from benchrace.kinds.llm.single import gaps, ms
from benchrace.kinds.llm.steps import UNTOLD_TOKENS, Steps, steps
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
        phrase="tokens per second over all streams",
    ),
    metrics.rate(
        "throughput_chars_per_s",
        "Throughput in characters",
        "char/s",
        "sum of characters / (last t_last - first t_send)",
        stamped=True,
        phrase="characters per second over all streams",
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
    metrics.load(
        "asked_per_s",
        "Arrival rate asked",
        "req/s",
        "(requests - 1) / (last t_scheduled - first t_scheduled)",
    ),
    metrics.load(
        "sent_per_s",
        "Arrival rate achieved",
        "req/s",
        "(requests - 1) / (last t_send - first t_send)",
    ),
    metrics.ms(
        "total_mean_ms",
        "Mean total",
        "mean over requests of t_last - t_send, under an open loop of t_last - t_scheduled",
        stamped=True,
    ),
    *_percentiles("ttft", "Time to first token", "t_first - t_send"),
    *_percentiles("tpot", "Time per output token", "(t_last - t_first) / (N_out - n_1)"),
    *_percentiles("total", "Total", "t_last - t_send"),
    *_percentiles("ttft_scheduled", "First token from schedule", "t_first - t_scheduled"),
    *_percentiles("total_scheduled", "Total from schedule", "t_last - t_scheduled"),
    metrics.ms("icl_p50_ms", "Inter-chunk latency p50", "median of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p95_ms", "Inter-chunk latency p95", "95th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_p99_ms", "Inter-chunk latency p99", "99th percentile of t_c(i+1) - t_c(i)"),
    metrics.ms("icl_max_ms", "Longest gap", "max of t_c(i+1) - t_c(i)"),
    metrics.count("stalls", "Stalls", "gaps", Better.LOWER, "gaps over 500 ms"),
    metrics.count("answers", "Answers", "requests", Better.HIGHER, "complete answers"),
    metrics.count("failures", "Failures", "requests", Better.LOWER, "incomplete or failed answers"),
    metrics.count("gen_tokens", "Output tokens", "tokens", Better.NONE, "sum N_out"),
    metrics.count("prompt_tokens", "Prompt tokens", "tokens", Better.NONE, "sum N_in"),
    metrics.ms("load_ms", "Load", "loading the model, apart from the answers"),
    metrics.NETWORK,
)


def derive(record: ServeRecord, params: ServeParams) -> Iterable[Measured]:
    """Yield all metrics of many answers. A failed one counts as failed, and in no latency."""
    good = [
        answer for answer in record.answers if answer.error is None and answer.last_ns is not None
    ]
    yield from rates(record, good, params)
    yield from arrivals(record.answers, params)
    yield from _latencies(good, params)
    yield from gaps(record.gaps)
    yield Measured(metric="answers", value=len(good))
    yield Measured(metric="failures", value=len(record.answers) - len(good))
    for name, values in (
        ("gen_tokens", [answer.usage.output for answer in good]),
        ("prompt_tokens", [answer.usage.prompt for answer in good]),
    ):
        reported = [value for value in values if value is not None]
        if len(reported) == len(values) and reported:
            yield Measured(metric=name, value=sum(reported))
        else:
            reason = (
                "the engine does not report it for all answers"
                if good
                else "no answer was complete"
            )
            yield Measured(metric=name, value=None, reason=reason)
    yield ms("load_ms", record.load_ns, "nothing was loaded, or the engine does not report it")
    outputs = [answer.usage.output for answer in good]
    yield ratio.network(record.network, None if None in outputs else sum(n or 0 for n in outputs))


def rates(record: ServeRecord, good: Sequence[Answer], params: ServeParams) -> Iterable[Measured]:
    """Yield the throughput of the system as a whole."""
    if not good:
        for name in _RATES:
            yield Measured(metric=name, value=None, reason="no answer was complete")
        return
    last = max(answer.last_ns for answer in good if answer.last_ns is not None)
    span = last - min(answer.send_ns for answer in record.answers)
    tokens = [answer.usage.output for answer in good]
    if None in tokens:
        reason = "the engine does not report its tokens"
        yield Measured(metric="throughput_tokens_per_s", value=None, reason=reason)
    else:
        yield ratio.rate("throughput_tokens_per_s", sum(n for n in tokens if n is not None), span)
    yield ratio.rate("throughput_chars_per_s", sum(answer.characters for answer in good), span)
    yield ratio.rate("requests_per_s", len(good), span)
    if _limits(params):
        yield _goodput(good, params, span)
    else:
        yield Measured(metric="goodput_per_s", value=None, reason="no limit was stated")
    if record.steady is None:
        reason = "all streams were never busy with tokens at the same time"
        yield Measured(metric="steady_tokens_per_s", value=None, reason=reason)
    else:
        yield _steady(record.steady)


def arrivals(answers: Sequence[Answer], params: ServeParams) -> Iterable[Measured]:
    """Yield at which rate requests were due, and at which they were sent, failed ones too."""
    due = [answer.scheduled_ns for answer in answers if answer.scheduled_ns is not None]
    if params.arrival is Arrival.CLOSED:
        yield Measured(metric="asked_per_s", value=None, reason="a closed loop has no schedule")
    else:
        yield _arrivals("asked_per_s", due)
    yield _arrivals("sent_per_s", [answer.send_ns for answer in answers])


def _arrivals(name: str, at_ns: Sequence[int]) -> Measured:
    if len(at_ns) < 2:
        return Measured(metric=name, value=None, reason="fewer than 2 requests")
    return ratio.rate(name, len(at_ns) - 1, max(at_ns) - min(at_ns))


def _steady(window: Steady) -> Measured:
    span = window.end_ns - window.start_ns
    name, least, most = "steady_tokens_per_s", window.least, window.most
    if least is None or most is None or least == most:
        return ratio.rate(name, window.tokens, span)
    # A record of an older version counted end tokens that never came; bounds from stamps do not.
    between = min(least, window.tokens), max(most, window.tokens)
    return ratio.rate(name, window.tokens, span, between=between, unknown=UNTOLD_TOKENS)


def _goodput(good: Sequence[Answer], params: ServeParams, span: float) -> Measured:
    """Count what meets the limits, and what would at the fewest and at the most steps."""
    met, least, most = (
        sum(meets(answer, params, count) for answer in good) for count in (_n, _least, _most)
    )
    if least == most:
        return ratio.rate("goodput_per_s", met, span)
    between = least, most
    return ratio.rate("goodput_per_s", met, span, between=between, unknown=UNTOLD_TOKENS)


_n, _least, _most = (attrgetter(name) for name in ("n", "least", "most"))


def meets(answer: Answer, params: ServeParams, count: Callable[[Steps], float] = _n) -> bool:
    """Check whether an answer meets every stated limit; an unknown value meets none.

    Under an open loop latencies count from the schedule: coordinated omission hides nothing.
    """
    start = answer.send_ns if answer.scheduled_ns is None else answer.scheduled_ns
    streamed = steps(answer)
    measured = (
        (params.ttft_limit_ms, None if answer.first_ns is None else answer.first_ns - start),
        (params.e2e_limit_ms, None if answer.last_ns is None else answer.last_ns - start),
        (
            params.tpot_limit_ms,
            None if isinstance(streamed, str) else streamed.span_ns / count(streamed),
        ),
    )
    return all(
        not limit or (value is not None and value / 1e6 <= limit) for limit, value in measured
    )


def percentile(values: Sequence[float], p: int) -> float | None:
    """Return the nearest-rank percentile, None where n < 10 / (1 - p)."""
    if len(values) < needed(p):
        return None
    return sorted(values)[max(0, math.ceil(len(values) * p / 100) - 1)]


def needed(p: int) -> int:
    """Return how many values a percentile needs: 10 / (1 - p)."""
    return math.ceil(10 / (1 - p / 100) - 1e-9)


def _latencies(good: Sequence[Answer], params: ServeParams) -> Iterable[Measured]:
    of_total = _SPANS["total" if params.arrival is Arrival.CLOSED else "total_scheduled"]
    totals = [value for value in map(of_total, good) if value is not None]
    mean = math.fsum(totals) / len(totals) if totals else None
    yield ms("total_mean_ms", mean, "no answer was complete")
    yield from _per_token(good)
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


def _per_token(good: Sequence[Answer]) -> Iterable[Measured]:
    """Yield percentiles of the time per token; those of its bounds are the percentiles' bounds."""
    streamed = [answer for answer in map(steps, good) if not isinstance(answer, str)]
    exact = all(answer.unknown is None for answer in streamed)
    for p in PERCENTILES:
        name = f"tpot_p{p}_ms"
        value, low, high = (
            percentile([answer.span_ns / count(answer) / 1e6 for answer in streamed], p)
            for count in (_n, _most, _least)
        )
        if value is None:
            reason = f"n too small: {len(streamed)} requests of the {needed(p)} that it needs"
            yield Measured(metric=name, value=None, reason=reason)
        elif exact:
            yield Measured(metric=name, value=value)
        else:
            yield Measured(metric=name, value=value, low=low, high=high, unknown=UNTOLD_TOKENS)


def _limits(params: ServeParams) -> bool:
    limits = (params.ttft_limit_ms, params.tpot_limit_ms, params.e2e_limit_ms)
    return any(limits)


def _since(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else end - start


_SPANS: dict[str, Callable[[Answer], float | None]] = {
    "ttft": lambda answer: _since(answer.send_ns, answer.first_ns),
    "total": lambda answer: _since(answer.send_ns, answer.last_ns),
    "ttft_scheduled": lambda answer: _since(answer.scheduled_ns, answer.first_ns),
    "total_scheduled": lambda answer: _since(answer.scheduled_ns, answer.last_ns),
}

SERVE = Kind(
    name="llm_serve",
    title="Serve many streams",
    params=ServeParams,
    record=ServeRecord,
    metrics=METRICS,
    derive=derive,
    metrics_version=3,
    work=(*WORK, "prompts", "requests"),
    energy=metrics.TOKENS,
)
