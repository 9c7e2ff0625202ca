"""Doubts about an answer: what makes it SUSPECT or INVALID, each with a code and a reason."""

from benchrace.kinds.llm import (
    Answer,
    CacheState,
    EngineFacts,
    LlmRecord,
    Prefix,
    TextParams,
    TextRecord,
)
from benchrace.kinds.llm.ratio import decode, engine_decode
from benchrace.plugin.context import Context

_LENGTH = (0.9, 1.1)
_DISAGREE = 0.03
_COARSE = 0.03


def mark(record: TextRecord, answer: Answer, params: TextParams, context: Context) -> None:
    """Mark the round that runs by one of its answers."""
    _length(answer, params, context)
    _tokens(answer, context)
    _stamps(answer, context)
    if isinstance(record, LlmRecord):
        _rates(answer, context)


def mark_round(record: TextRecord, params: TextParams, context: Context, cached: int) -> None:
    """Mark the round that runs by what is true of all its answers."""
    if record.simulated:
        context.invalid("simulated", f"a mock answered: {record.fallback_reason}")
    if record.cache is CacheState.PREFIX_HIT and params.prefix is Prefix.UNIQUE:
        context.invalid("cache_hit", f"the engine had {cached} tokens of the prompt already")
    _host(record.engine, context)


def _length(answer: Answer, params: TextParams, context: Context) -> None:
    output = answer.usage.output
    if output is None:
        return
    share = output / params.max_tokens
    if not _LENGTH[0] <= share <= _LENGTH[1]:
        text = f"{output} tokens of the {params.max_tokens} asked for ({answer.finish})"
        context.suspect("early_stop" if share < 1 else "output_length", text)


def _tokens(answer: Answer, context: Context) -> None:
    output = answer.usage.output
    if output is None:
        context.suspect("tokens_unknown", "the engine does not tell how many tokens it made")
    elif answer.content > output:
        text = f"{answer.content} chunks with text, and only {output} tokens by the engine"
        context.suspect("token_count_mismatch", text)
    if answer.output_ns is None:
        context.suspect("only_reasoning", "the answer is thinking alone, without output")


def _stamps(answer: Answer, context: Context) -> None:
    if answer.first_ns is None or answer.last_ns is None or answer.content < 2:
        return
    span = answer.last_ns - answer.first_ns
    if answer.bound_ns > _COARSE * span:
        text = f"stamps are known within {answer.bound_ns / 1e6:.3g} ms of {span / 1e6:.3g} ms"
        context.suspect("coarse_stamps", text)


def _rates(answer: Answer, context: Context) -> None:
    client, engine = decode(answer).value, engine_decode(answer).value
    if client is None or engine is None or not engine:
        return
    apart = abs(client - engine) / engine
    if apart > _DISAGREE:
        text = f"client {client:.4g} tok/s, engine {engine:.4g}: {apart:.1%} apart"
        context.suspect("rates_disagree", text)


def _host(engine: EngineFacts, context: Context) -> None:
    if engine.host is not None:
        context.suspect("engine_elsewhere", f"the engine is not on this machine: {engine.host}")
