"""One event of an answer's stream, whichever server sent it.

Figures that a server tells of itself are taken as they come: `Piece` loses a faulty one alone.
"""

from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, EngineTimes, Piece, Usage
from benchrace_openai.refusals import failure_of

DONE = b"[DONE]"
# An end alone proves nothing: one server sends this after an answer that another has cut off.
NOTHING = Piece()


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: Any = None


class _OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: Any = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Timings(msgspec.Struct, frozen=True):
    cache_n: Any = None
    prompt_n: Any = None
    prompt_ms: Any = None
    predicted_n: Any = None
    predicted_ms: Any = None
    predicted_per_second: Any = None


class _Progress(msgspec.Struct, frozen=True):
    total: int
    processed: int


class _Event(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()
    usage: _Usage | None = None
    timings: _Timings | None = None
    prompt_progress: _Progress | None = None
    error: msgspec.Raw = msgspec.Raw()
    object: str | None = None


_decoder = msgspec.json.Decoder(_Event, strict=False)


def read(data: bytes) -> Piece:
    """Say what one event says; raises `bad_output` for what is no message."""
    if data.strip() == DONE:
        return NOTHING
    try:
        event = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"the server sent what is no message: {error}",
            "Check that base_url is the engine's own address, without a proxy in between.",
            detail=data[:500].decode("utf-8", "replace"),
        ) from error
    if bytes(event.error) not in (b"", b"null") or event.object == "error":
        return Piece(failure=failure_of(data))
    choice = event.choices[0] if event.choices else _Choice()
    delta = choice.delta or _Delta()
    progress = event.prompt_progress
    return Piece(
        text=delta.content or choice.text or "",
        reasoning=delta.reasoning_content or delta.reasoning or "",
        finish=choice.finish_reason,
        usage=_counts(event, choice.finish_reason),
        times=None if event.timings is None else _times(event.timings),
        prefill=None if progress is None else (progress.processed, progress.total),
    )


def _counts(event: _Event, finish: str | None) -> Usage | None:
    """Counts of the usage, and where it lacks one, of the engine's own timings.

    An answer that stopped by itself ended with a token that is counted and never sent.
    """
    usage, timings, unseen = event.usage, event.timings, 1 if finish == "stop" else 0
    if usage is None and timings is None:
        return Usage(unseen=unseen) if unseen else None
    usage, timings = usage or _Usage(), timings or _Timings()
    prompt, cached = usage.prompt_tokens, timings.cache_n
    if usage.prompt_tokens_details is not None:
        cached = _either(usage.prompt_tokens_details.cached_tokens, cached)
    if cached is None and isinstance(prompt, int) and isinstance(timings.prompt_n, int):
        # Builds before `cache_n` tell what was evaluated: the rest was there already.
        cached = max(0, prompt - timings.prompt_n)
    if prompt is None and isinstance(cached, int) and isinstance(timings.prompt_n, int):
        prompt = cached + timings.prompt_n
    details = usage.completion_tokens_details
    return Usage(
        prompt=prompt,
        output=_either(usage.completion_tokens, timings.predicted_n),
        cached=cached,
        reasoning=None if details is None else details.reasoning_tokens,
        unseen=unseen,
    )


def _times(timings: _Timings) -> EngineTimes:
    """`predicted_ms` runs from the first token to the last: `predicted_n` - 1 steps."""
    return EngineTimes(
        prefill_ns=_ns(timings.prompt_ms),
        decode_ns=_ns(timings.predicted_ms),
        decode_tokens=timings.predicted_n,
        printed_rate=timings.predicted_per_second,
    )


def _ns(milliseconds: Any) -> Any:
    return round(milliseconds * 1e6) if isinstance(milliseconds, int | float) else milliseconds


def _either(first: Any, second: Any) -> Any:
    return second if first is None else first
