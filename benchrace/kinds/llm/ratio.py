"""Rates of one answer: a numerator over seconds, so that rounds combine as sum / sum."""

from typing import NamedTuple

from benchrace.events import Measured
from benchrace.kinds.llm.record import Answer
from benchrace.kinds.spoken import spoken

# Far below any engine's step: placeholders and clocks that stood still.
_LEAST_NS = 1_000
# Reading late stretches what a client sees, and never by so much.
_MOST_APART = 10
_UNTOLD = "the engine does not tell"


class Steps(NamedTuple):
    """`n` steps of decoding in `span_ns`."""

    n: int
    span_ns: int


def rate(name: str, numerator: float, span_ns: float) -> Measured:
    """A rate per second; none where the span is shorter than the clock's tick."""
    if span_ns <= 0:
        return Measured(metric=name, value=None, reason="shorter than the clock's tick")
    seconds = span_ns / 1e9
    return Measured(
        metric=name, value=numerator / seconds, numerator=numerator, denominator=seconds
    )


def steps(answer: Answer) -> Steps | str:
    """Tokens after the first, and the time that they took; or why there are none.

    All chunks in one read give a span that is not the engine's: a bound as wide as the span says
    that nothing is known of it.
    """
    if answer.first_ns is None or answer.last_ns is None:
        return "no token came"
    if answer.usage.output is None:
        return answer.faults.get("output", "the engine does not tell its tokens")
    sent = answer.usage.output - answer.usage.unseen
    if sent < 2:
        return "fewer than 2 tokens"
    if answer.content < 2:
        return f"{answer.usage.output} tokens came in one chunk"
    span = answer.last_ns - answer.first_ns
    if span <= answer.bound_ns:
        return "all chunks came together"
    return Steps(sent - 1, span)


def decode(answer: Answer) -> Measured:
    """(N_out - 1) / (t_last - t_first), by the client's stamps."""
    name = "gen_tokens_per_s"
    found = steps(answer)
    if isinstance(found, str):
        return Measured(metric=name, value=None, reason=found)
    return rate(name, found.n, found.span_ns)


def engine_decode(answer: Answer) -> Measured:
    """(count - 1) / duration, both the engine's own."""
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
    """(N_in - N_cached) / the engine's prefill time."""
    name = "prefill_tokens_per_s"
    usage, took = answer.usage, answer.times.prefill_ns
    if usage.prompt is None or took is None:
        return _unknown(name, answer, "prompt", "prefill_ns")
    if usage.cached is None:
        reason = answer.faults.get("cached", "the engine tells no cached count")
        return Measured(metric=name, value=None, reason=reason)
    if usage.cached >= usage.prompt:
        return Measured(metric=name, value=None, reason="the engine had the whole prompt already")
    if (wrong := prefill_fault(answer)) is not None:
        return Measured(metric=name, value=None, reason=wrong)
    return rate(name, usage.prompt - usage.cached, took)


def decode_fault(answer: Answer) -> str | None:
    """Say why the engine's time of decoding is none: nothing, or absurd beside the client's."""
    times, heard = answer.times, steps(answer)
    if times.decode_ns is None or times.decode_tokens is None or times.decode_tokens < 2:
        return None
    said = f"the engine tells {spoken(times.decode_ns)} for {times.decode_tokens} tokens"
    if times.decode_ns < _LEAST_NS:
        return said
    if isinstance(heard, Steps) and times.decode_ns * _MOST_APART < heard.span_ns:
        return f"{said}, which took {spoken(heard.span_ns)} to come"
    return None


def prefill_fault(answer: Answer) -> str | None:
    """Say why the engine's time of reading the prompt is none."""
    usage, took = answer.usage, answer.times.prefill_ns
    if took is None or took >= _LEAST_NS or usage.prompt is None or usage.cached is None:
        return None
    read = usage.prompt - usage.cached
    return f"the engine tells {spoken(took)} for {read} tokens of prompt" if read > 0 else None


def characters(answer: Answer) -> Measured:
    """Characters of output / (t_last - t_first)."""
    name = "chars_per_s"
    if answer.first_ns is None or answer.last_ns is None:
        return Measured(metric=name, value=None, reason="no token came")
    if answer.content < 2 or answer.last_ns - answer.first_ns <= answer.bound_ns:
        return Measured(metric=name, value=None, reason="all chunks came together")
    return rate(name, answer.characters, answer.last_ns - answer.first_ns)


def _unknown(metric: str, answer: Answer, *fields: str) -> Measured:
    told = [answer.faults[name] for name in fields if name in answer.faults]
    return Measured(metric=metric, value=None, reason="; ".join(told) or _UNTOLD)
