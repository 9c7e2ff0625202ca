"""Checks of rounds by Ollama's own figures."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchrace.plugin import (
    Answer,
    CacheState,
    Context,
    LlmRecord,
    ServeRecord,
    duration,
    percent,
    times_are_credible,
)
from benchrace_ollama.client import Running
from benchrace_ollama.load import LOADED_NS

_MAX_WAIT_NS = 250_000_000


class Finding(NamedTuple):
    """A reason against a round: INVALID if `fatal`, else SUSPECT."""

    code: str
    text: str
    fatal: bool = False


UNKNOWN_CACHE = Finding(
    "cache_unknown",
    "the prompt had no nonce, and Ollama does not report how much of it was cached",
)


def mark(
    record: LlmRecord | ServeRecord, words: int, running: Running | None, context: Context
) -> None:
    """Mark a round; `words` are those of its shortest prompt, `running` is its model in memory."""
    answers = (record.answer,) if isinstance(record, LlmRecord) else record.answers
    context_length = None if running is None else running.context_length
    findings: list[Finding | None] = []
    for answer in answers:
        findings += of_answer(answer, words, context_length)
        if isinstance(record, LlmRecord):
            findings.append(waited(answer))
    if record.cache is CacheState.UNKNOWN:
        findings.append(UNKNOWN_CACHE)
    if running is not None:
        findings.append(spilled(running.size, running.size_vram))
    for finding in by_code([finding for finding in findings if finding is not None]):
        mark_round = context.invalid if finding.fatal else context.suspect
        mark_round(finding.code, finding.text)


def of_answer(answer: Answer, words: int, context: int | None) -> Iterator[Finding]:
    """Yield findings about one answer to a prompt of `words`, with that context size in tokens."""
    load, usage = answer.times.load_ns, answer.usage
    if load is not None and load >= LOADED_NS:
        text = f"Ollama loaded the model during the answer ({duration(load)})"
        yield Finding("reloaded", f"{text}: the time to the first token includes it", fatal=True)
    if usage.prompt is not None and usage.prompt < words:
        text = f"only {usage.prompt} tokens were evaluated of a prompt of {words} words"
        yield Finding("prompt_cut", text, fatal=True)
    used = (usage.prompt or 0) + (usage.output or 0)
    if context is not None and used > context:
        text = f"{used} tokens in a context of {context}: part of them was dropped"
        yield Finding("context_shifted", text)


def waited(answer: Answer) -> Finding | None:
    """Check for time that is in none of Ollama's durations: it was serving another client."""
    times = answer.times
    if times.total_ns is None or not times_are_credible(answer):
        return None
    reported = sum(time or 0 for time in (times.load_ns, times.prefill_ns, times.decode_ns))
    wait_ns = times.total_ns - reported
    if wait_ns <= _MAX_WAIT_NS:
        return None
    return Finding("queued", f"waited {duration(wait_ns)} in Ollama: another client uses it")


def spilled(size: int | None, on_gpu: int) -> Finding | None:
    """Check for a model that is only partly on a GPU, so that the CPU limits its speed."""
    if not size or not 0 < on_gpu < size:
        return None
    return Finding("spilled", f"only {percent(on_gpu / size)} of the model is on the GPU")


def by_code(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield one finding per code: the first one, with the number of the others."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    for first, *more in groups.values():
        text = f"{first.text}; and {len(more)} more answers" if more else first.text
        yield first._replace(text=text)
