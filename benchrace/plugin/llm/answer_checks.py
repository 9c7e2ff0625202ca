"""Checks of answers that mark a round SUSPECT or INVALID, each with a code and a reason."""

from collections.abc import Iterator, Sequence

from benchrace.formatting import duration, percent, plural, quantity
from benchrace.kinds.llm import (
    Answer,
    CacheState,
    LlmRecord,
    Prefix,
    TextParams,
    TextRecord,
)
from benchrace.kinds.llm.ratio import decode, decode_fault, engine_decode, prefill_fault
from benchrace.plugin.context import Context
from benchrace.plugin.llm.response.finish import Ending, ending
from benchrace.plugin.part import Part

_LENGTH = (0.9, 1.1)
_MAX_RATE_DIFFERENCE = 0.03
_MAX_BOUND_SHARE = 0.03
_SPECIAL_TOKENS = 8
# With fewer, one gap may well be half of the total.
_MIN_GAPS = 8


def mark(
    record: TextRecord,
    answers: Sequence[Answer],
    params: TextParams,
    context: Context,
    part: Part | None = None,
) -> None:
    """Mark the current round by its complete answers, each code once, and by its record.

    Machines that generate load in addition to the lane's own are meant to be elsewhere.
    """
    reasons: dict[str, list[str]] = {}
    for answer in answers:
        for code, text in doubts(record, answer, params):
            reasons.setdefault(code, []).append(text)
    for code, texts in reasons.items():
        many = len(answers) > 1
        text = f"{len(texts)} of {len(answers)} answers: {texts[0]}" if many else texts[0]
        context.suspect(code, text)
    if record.simulated:
        context.invalid("simulated", f"a mock answered: {record.fallback_reason}")
    if record.cache is CacheState.PREFIX_HIT and params.prefix is Prefix.UNIQUE:
        cached = max((answer.usage.cached or 0 for answer in answers), default=0)
        context.invalid("cache_hit", f"{cached} tokens of the prompt were already cached")
    for answer in answers:
        if (reason := _impossible(answer, params)) is not None:
            context.invalid("bad_output", reason)
            break
    if record.engine.host is not None and (part is None or part.index == 0):
        text = f"the engine is not on this machine: {record.engine.host}"
        context.suspect("engine_elsewhere", text)


def doubts(record: TextRecord, answer: Answer, params: TextParams) -> Iterator[tuple[str, str]]:
    """Yield the code and reason of each doubt about one complete answer, unless a mock's."""
    if record.simulated:
        return
    yield from _filter(answer)
    yield from _length(answer, params)
    yield from _tokens(answer)
    yield from _figures(answer)
    yield from _stamps(answer)
    if isinstance(record, LlmRecord):
        yield from _rates(answer)
        yield from _stall(answer)


def _filter(answer: Answer) -> Iterator[tuple[str, str]]:
    if ending(answer.finish) is Ending.FILTERED:
        yield "content_filter", f"the engine's content filter ended the answer ({answer.finish})"


def _length(answer: Answer, params: TextParams) -> Iterator[tuple[str, str]]:
    output = answer.usage.output
    if output is None:
        return
    share = output / params.max_tokens
    if not _LENGTH[0] <= share <= _LENGTH[1]:
        text = f"{output} of {params.max_tokens} requested tokens ({answer.finish})"
        yield "early_stop" if share < 1 else "output_length", text


def _tokens(answer: Answer) -> Iterator[tuple[str, str]]:
    output = answer.usage.output
    if output is None:
        unknown = "the engine does not report the number of output tokens"
        yield "tokens_unknown", answer.faults.get("output", unknown)
    elif answer.content > output:
        text = f"{answer.content} chunks with text, but the engine counts only {output} tokens"
        yield "token_count_mismatch", text
    if answer.output_ns is None:
        yield "only_reasoning", "the answer has thinking but no output"


def _figures(answer: Answer) -> Iterator[tuple[str, str]]:
    """Check the engine's own figures; those that are impossible are not used."""
    faults = [*answer.faults.values(), decode_fault(answer), prefill_fault(answer)]
    reasons = [fault for fault in faults if fault is not None]
    if reasons:
        yield "engine_figures", "; ".join(reasons)


def _impossible(answer: Answer, params: TextParams) -> str | None:
    """Return how the engine's count contradicts the text, None if it does not.

    A token is at least one byte of text, except for a few special ones, and a character is at most
    four bytes.
    """
    output = answer.usage.output or 0
    possible = 4 * answer.characters + _SPECIAL_TOKENS
    if output <= params.max_tokens * _LENGTH[1] or output <= possible:
        return None
    return (
        f"the engine counts {plural(output, 'token')} in {plural(answer.characters, 'character')}"
    )


def _stamps(answer: Answer) -> Iterator[tuple[str, str]]:
    if answer.first_ns is None or answer.last_ns is None or answer.content < 2:
        return
    span = answer.last_ns - answer.first_ns
    if answer.bound_ns > _MAX_BOUND_SHARE * span:
        bound, whole = duration(answer.bound_ns), duration(span)
        yield "coarse_stamps", f"timestamps are uncertain by {bound} of {whole}"


def _stall(answer: Answer) -> Iterator[tuple[str, str]]:
    """Check for one pause that takes most of the answer, as when an engine was suspended."""
    longest = answer.gaps.max_ns
    if longest is None or not answer.gaps.stalls or answer.gaps.n < _MIN_GAPS:
        return
    span = (answer.last_ns or 0) - (answer.first_ns or 0)
    if 2 * longest > span:
        pause, whole = duration(longest), duration(span)
        yield "stalled", f"no token for {pause} of the {whole} that the answer took"


def _rates(answer: Answer) -> Iterator[tuple[str, str]]:
    client, engine = decode(answer), engine_decode(answer).value
    if client.value is None or engine is None or not engine:
        return
    # For an estimate, take the value in its range that is nearest to the engine's.
    low = client.value if client.low is None else client.low
    high = client.value if client.high is None else client.high
    nearest = min(max(engine, low), high)
    difference = abs(nearest - engine) / engine
    if difference > _MAX_RATE_DIFFERENCE:
        rates = f"client {quantity(nearest, 'tok/s')}, engine {quantity(engine, 'tok/s')}"
        text = f"{rates}: {percent(difference)} apart"
        yield "rates_disagree", text
