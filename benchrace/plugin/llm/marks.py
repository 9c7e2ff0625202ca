"""Doubts about answers: what makes a round SUSPECT or INVALID, each with a code and a reason."""

from collections.abc import Iterator, Sequence

from benchrace.kinds.llm import (
    Answer,
    CacheState,
    LlmRecord,
    Prefix,
    TextParams,
    TextRecord,
)
from benchrace.kinds.llm.ratio import decode, decode_fault, engine_decode, prefill_fault
from benchrace.kinds.spoken import spoken
from benchrace.plugin.context import Context

_LENGTH = (0.9, 1.1)
_DISAGREE = 0.03
_COARSE = 0.03
_SPECIAL = 8
# With fewer, one of them may well be half of all.
_GAPS = 8


def mark(
    record: TextRecord, answers: Sequence[Answer], params: TextParams, context: Context
) -> None:
    """Mark the round that runs: by its whole answers, each code once, and by what they share."""
    found: dict[str, list[str]] = {}
    for answer in answers:
        for code, text in doubts(record, answer, params):
            found.setdefault(code, []).append(text)
    for code, texts in found.items():
        many = len(answers) > 1
        told = f"{len(texts)} of {len(answers)} answers: {texts[0]}" if many else texts[0]
        context.suspect(code, told)
    if record.simulated:
        context.invalid("simulated", f"a mock answered: {record.fallback_reason}")
    if record.cache is CacheState.PREFIX_HIT and params.prefix is Prefix.UNIQUE:
        cached = max((answer.usage.cached or 0 for answer in answers), default=0)
        context.invalid("cache_hit", f"the engine had {cached} tokens of the prompt already")
    for answer in answers:
        if (wrong := _impossible(answer, params)) is not None:
            context.invalid("bad_output", wrong)
            break
    if record.engine.host is not None:
        text = f"the engine is not on this machine: {record.engine.host}"
        context.suspect("engine_elsewhere", text)


def doubts(record: TextRecord, answer: Answer, params: TextParams) -> Iterator[tuple[str, str]]:
    """Yield code and reason of each doubt about one whole answer; a mock's are known."""
    if record.simulated:
        return
    yield from _length(answer, params)
    yield from _tokens(answer)
    yield from _figures(answer)
    yield from _stamps(answer)
    if isinstance(record, LlmRecord):
        yield from _rates(answer)
        yield from _stall(answer)


def _length(answer: Answer, params: TextParams) -> Iterator[tuple[str, str]]:
    output = answer.usage.output
    if output is None:
        return
    share = output / params.max_tokens
    if not _LENGTH[0] <= share <= _LENGTH[1]:
        text = f"{output} tokens of the {params.max_tokens} asked for ({answer.finish})"
        yield "early_stop" if share < 1 else "output_length", text


def _tokens(answer: Answer) -> Iterator[tuple[str, str]]:
    output = answer.usage.output
    if output is None:
        unknown = "the engine does not tell how many tokens it made"
        yield "tokens_unknown", answer.faults.get("output", unknown)
    elif answer.content > output:
        text = f"{answer.content} chunks with text, and only {output} tokens by the engine"
        yield "token_count_mismatch", text
    if answer.output_ns is None:
        yield "only_reasoning", "the answer is thinking alone, without output"


def _figures(answer: Answer) -> Iterator[tuple[str, str]]:
    """Figures that the engine tells of itself, and that cannot be; numbers do without them."""
    found = [*answer.faults.values(), decode_fault(answer), prefill_fault(answer)]
    wrong = [each for each in found if each is not None]
    if wrong:
        yield "engine_figures", "; ".join(wrong)


def _impossible(answer: Answer, params: TextParams) -> str | None:
    """Say how a count contradicts what was heard: a token is a byte of text at least, but for a
    few special ones, and a character is four bytes at most.
    """
    output = answer.usage.output or 0
    if output <= params.max_tokens * _LENGTH[1] or output <= 4 * answer.characters + _SPECIAL:
        return None
    return f"the engine counts {output} tokens in {answer.characters} characters"


def _stamps(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.first_ns is None or answer.last_ns is None or answer.content < 2:
        return
    span = answer.last_ns - answer.first_ns
    if answer.bound_ns > _COARSE * span:
        text = f"stamps are known within {spoken(answer.bound_ns)} of {spoken(span)}"
        yield "coarse_stamps", text


def _stall(answer: Answer) -> Iterator[tuple[str, str]]:
    """One pause that is most of the answer, as of an engine that was stopped for a while."""
    longest = answer.gaps.max_ns
    if longest is None or not answer.gaps.stalls or answer.gaps.n < _GAPS:
        return
    span = (answer.last_ns or 0) - (answer.first_ns or 0)
    if 2 * longest > span:
        text = f"no token came for {spoken(longest)} of the {spoken(span)} that the answer took"
        yield "stalled", text


def _rates(answer: Answer) -> Iterator[tuple[str, str]]:
    client, engine = decode(answer).value, engine_decode(answer).value
    if client is None or engine is None or not engine:
        return
    apart = abs(client - engine) / engine
    if apart > _DISAGREE:
        text = f"client {client:.4g} tok/s, engine {engine:.4g}: {apart:.1%} apart"
        yield "rates_disagree", text
