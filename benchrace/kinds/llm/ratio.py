"""Rates of one answer: a numerator over seconds, so that rounds combine as sum / sum."""

from benchrace.events import Measured, Reason
from benchrace.formatting import duration
from benchrace.kinds.llm.record import Answer, NetworkBytes
from benchrace.kinds.llm.steps import Steps, first_chunks, one_each, span_ns, steps

# Far below any engine's step: placeholders and clocks that stood still.
_MIN_NS = 1_000
# Reading late stretches what a client sees, and never by so much.
_MAX_RATIO = 10
_UNTOLD = "the engine does not report it"
_UNKNOWN_CHARACTERS = Reason(
    "tokens_in_chunks",
    "the record does not say how many characters the first chunk holds: the interval covers "
    "every possibility",
)


def rate(
    name: str,
    numerator: float,
    span: float,
    *,
    between: tuple[float, float] | None = None,
    unknown: Reason | None = None,
) -> Measured:
    """Return a rate per second; none where `span`, in ns, is shorter than the clock's tick.

    `between` bounds the numerator where it is an estimate, and `unknown` says why it is one.
    """
    if span <= 0:
        return Measured(metric=name, value=None, reason="shorter than the resolution of the clock")
    seconds = span / 1e9
    low, high = (None, None) if between is None else (bound / seconds for bound in between)
    return Measured(
        metric=name,
        value=numerator / seconds,
        numerator=numerator,
        denominator=seconds,
        low=low,
        high=high,
        unknown=unknown,
    )


def decode(answer: Answer) -> Measured:
    """Measure (N_out - n_1) / (t_last - t_first), by the client's stamps."""
    name = "gen_tokens_per_s"
    streamed = steps(answer)
    if isinstance(streamed, str):
        return Measured(metric=name, value=None, reason=streamed)
    if streamed.unknown is None:
        return rate(name, streamed.n, streamed.span_ns)
    between = streamed.least, streamed.most
    return rate(name, streamed.n, streamed.span_ns, between=between, unknown=streamed.unknown)


def per_token(name: str, answer: Answer) -> Measured:
    """Measure (t_last - t_first) / (N_out - n_1), in ms."""
    streamed = steps(answer)
    if isinstance(streamed, str):
        return Measured(metric=name, value=None, reason=streamed)
    span_ms = streamed.span_ns / 1e6
    if streamed.unknown is None:
        return Measured(metric=name, value=span_ms / streamed.n)
    return Measured(
        metric=name,
        value=span_ms / streamed.n,
        low=span_ms / streamed.most,
        high=span_ms / streamed.least,
        unknown=streamed.unknown,
    )


def engine_decode(answer: Answer) -> Measured:
    """Measure (count - 1) / duration, both the engine's own."""
    name = "engine_gen_tokens_per_s"
    times = answer.times
    if times.decode_ns is None or times.decode_tokens is None:
        return _unknown(name, answer, "decode_ns", "decode_tokens")
    if times.decode_tokens < 2:
        return Measured(metric=name, value=None, reason="fewer than 2 tokens")
    if (wrong := decode_fault(answer)) is not None:
        return Measured(metric=name, value=None, reason=wrong)
    return rate(name, times.decode_tokens - 1, times.decode_ns)


def prefill(answer: Answer) -> Measured:
    """Measure (N_in - N_cached) / the engine's prefill time."""
    name = "prefill_tokens_per_s"
    usage, took = answer.usage, answer.times.prefill_ns
    if usage.prompt is None or took is None:
        return _unknown(name, answer, "prompt", "prefill_ns")
    if usage.cached is None:
        reason = answer.faults.get("cached", "the engine reports no cached count")
        return Measured(metric=name, value=None, reason=reason)
    if usage.cached >= usage.prompt:
        return Measured(metric=name, value=None, reason="the engine had cached the whole prompt")
    if (wrong := prefill_fault(answer)) is not None:
        return Measured(metric=name, value=None, reason=wrong)
    return rate(name, usage.prompt - usage.cached, took)


def decode_fault(answer: Answer) -> str | None:
    """Return why the engine's decode time is unusable: too short, or absurd beside the client's."""
    times, streamed = answer.times, steps(answer)
    if times.decode_ns is None or times.decode_tokens is None or times.decode_tokens < 2:
        return None
    claim = f"the engine reports {duration(times.decode_ns)} for {times.decode_tokens} tokens"
    if times.decode_ns < _MIN_NS:
        return claim
    if isinstance(streamed, Steps) and times.decode_ns * _MAX_RATIO < streamed.span_ns:
        return f"{claim}, which took {duration(streamed.span_ns)} to come"
    return None


def prefill_fault(answer: Answer) -> str | None:
    """Return why the engine's prefill time is unusable."""
    usage, took = answer.usage, answer.times.prefill_ns
    if took is None or took >= _MIN_NS or usage.prompt is None or usage.cached is None:
        return None
    read = usage.prompt - usage.cached
    return f"the engine reports {duration(took)} for {read} tokens of prompt" if read > 0 else None


def characters(answer: Answer) -> Measured:
    """Measure (characters - those that came first) / (t_last - t_first)."""
    name = "chars_per_s"
    if answer.first_ns is None or answer.last_ns is None:
        return Measured(metric=name, value=None, reason="no token arrived")
    span = span_ns(answer)
    if span is None:
        return Measured(metric=name, value=None, reason="all chunks came together")
    first = first_chunks(answer)
    if first.characters is not None:
        return rate(name, answer.characters - first.characters, span)
    rest = answer.content - first.chunks
    share = answer.characters * rest / answer.content
    if one_each(answer):
        return rate(name, share, span)
    between = min(rest, share), max(answer.characters - first.chunks, share)
    return rate(name, share, span, between=between, unknown=_UNKNOWN_CHARACTERS)


def _unknown(metric: str, answer: Answer, *fields: str) -> Measured:
    faults = [answer.faults[name] for name in fields if name in answer.faults]
    return Measured(metric=metric, value=None, reason="; ".join(faults) or _UNTOLD)


def network(sent: NetworkBytes | None, tokens: int | None) -> Measured:
    """Measure the bytes between a lane's machines per output token."""
    name = "network_bytes_per_token"
    if sent is None:
        return Measured(metric=name, value=None, reason="the lane is on one machine")
    if sent.sent is None:
        return Measured(metric=name, value=None, reason=sent.unknown or "not counted")
    if not tokens:
        return Measured(metric=name, value=None, reason="the engine does not report its tokens")
    return Measured(metric=name, value=sent.sent / tokens, numerator=sent.sent, denominator=tokens)
