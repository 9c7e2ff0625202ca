"""Rates of one answer: a numerator over seconds, so that rounds combine as sum / sum."""

from typing import NamedTuple

from benchrace.events import Measured
from benchrace.kinds.llm.record import Answer


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
        return "the engine does not tell its tokens"
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
        return Measured(metric=name, value=None, reason="the engine does not tell")
    if times.decode_tokens < 2:
        return Measured(metric=name, value=None, reason="fewer than 2 tokens")
    return rate(name, times.decode_tokens - 1, times.decode_ns)


def prefill(answer: Answer) -> Measured:
    """(N_in - N_cached) / the engine's prefill time."""
    name = "prefill_tokens_per_s"
    usage, took = answer.usage, answer.times.prefill_ns
    if usage.prompt is None or took is None:
        return Measured(metric=name, value=None, reason="the engine does not tell")
    if usage.cached is None:
        return Measured(metric=name, value=None, reason="the engine tells no cached count")
    if usage.cached >= usage.prompt:
        return Measured(metric=name, value=None, reason="the engine had the whole prompt already")
    return rate(name, usage.prompt - usage.cached, took)


def characters(answer: Answer) -> Measured:
    """Characters of output / (t_last - t_first)."""
    name = "chars_per_s"
    if answer.first_ns is None or answer.last_ns is None:
        return Measured(metric=name, value=None, reason="no token came")
    if answer.content < 2 or answer.last_ns - answer.first_ns <= answer.bound_ns:
        return Measured(metric=name, value=None, reason="all chunks came together")
    return rate(name, answer.characters, answer.last_ns - answer.first_ns)
