"""Parse the events of an answer's stream, from any server with the API of chat completions.

Figures that a server reports are passed on unchecked: faulty ones are dropped later, one by one.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import EngineTimes, Usage
from benchrace.plugin.lenient import JsonReader, parse_json
from benchrace.plugin.llm.chat_api.errors import failure_of
from benchrace.plugin.llm.chat_api.remedies import Remedies
from benchrace.plugin.llm.chat_api.shapes import prepare
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.error_body import find_error
from benchrace.plugin.llm.response.words import words

DONE = b"[DONE]"
# Nothing follows, but that does not prove a complete answer: one server sends this after an answer
# that another request has cut off.
LAST = Delta(over=True)

# More than a year is not a valid time, nor is infinity.
_MAX_MS = 4e10

Tokens = Annotated[int, Meta(ge=0, le=10**9)]


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    token_ids: Any = None
    error: Any = None


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
    total: Tokens
    processed: Tokens


class _Event(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...] | None = None
    usage: _Usage | None = None
    timings: _Timings | None = None
    prompt_progress: _Progress | None = None
    error: Any = None
    errors: Any = None
    detail: Any = None
    message: Any = None
    msg: Any = None
    object: Any = None
    type: Any = None

    @property
    def fails(self) -> bool:
        """Check whether it may be an error: marked as one, or a message instead of a chunk."""
        if self.error or self.object == "error" or self.type == "error":
            return True
        message = self.errors or self.detail or self.message or self.msg
        return self.choices is None and self.usage is None and bool(message)


_reader = JsonReader(_Event)


def read_event(data: bytes, remedies: Remedies) -> Delta:
    """Parse one event; raises `bad_output` for an invalid message.

    `remedies` are those of the server's errors.
    """
    if data.strip() == DONE:
        return LAST
    try:
        event, odd = _reader.read(data, prepare)
    except msgspec.MsgspecError as error:
        if isinstance(error, msgspec.ValidationError) and data.strip()[:1] != b'"':
            # JSON that is not an object can only be an error, which some servers put into a list.
            return _failing(parse_json(data), remedies) or Delta(odd=("event",))
        text = data[:4096].decode("utf-8", "replace")
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"the server sent an invalid event ({error}): {words(text, 200)}",
            "Check that base_url is the engine's own address, without a proxy.",
            detail=text[:500],
        ) from error
    if event.fails and (failed := _failing(parse_json(data), remedies)) is not None:
        return failed
    choice = event.choices[0] if event.choices else _Choice()
    if choice.error and (failed := _failing({"error": choice.error}, remedies)) is not None:
        return failed
    delta = choice.delta or _Delta()
    progress = event.prompt_progress
    return Delta(
        text=delta.content or choice.text or "",
        reasoning=delta.reasoning_content or delta.reasoning or "",
        finish=choice.finish_reason,
        usage=_counts(event, choice.finish_reason),
        times=None if event.timings is None else _times(event.timings),
        prefill=None if progress is None else (progress.processed, progress.total),
        tokens=len(choice.token_ids) if isinstance(choice.token_ids, list) else None,
        odd=odd,
    )


def _failing(data: Any, remedies: Remedies) -> Delta | None:
    """Return the error in JSON data; None if there is none."""
    if find_error(data) is None:
        return None
    return Delta(failure=failure_of(msgspec.json.encode(data).decode(), remedies))


def _counts(event: _Event, finish: str | None) -> Usage | None:
    """Return the counts of the usage, or if they are missing, of the engine's own timings.

    An answer that stopped by itself ended with a token that is counted but never sent.
    """
    usage, timings, unseen = event.usage, event.timings, 1 if finish == "stop" else 0
    if usage is None and timings is None:
        return Usage(unseen=unseen) if unseen else None
    usage, timings = usage or _Usage(), timings or _Timings()
    prompt, cached = usage.prompt_tokens, timings.cache_n
    if usage.prompt_tokens_details is not None:
        cached = _either(usage.prompt_tokens_details.cached_tokens, cached)
    if cached is None and isinstance(prompt, int) and isinstance(timings.prompt_n, int):
        # Builds before `cache_n` report what was evaluated: the rest was cached.
        cached = max(0, prompt - timings.prompt_n)
    if prompt is None and isinstance(cached, int) and isinstance(timings.prompt_n, int):
        prompt = cached + timings.prompt_n
    details = usage.completion_tokens_details
    return Usage(
        prompt=prompt,
        output=_first_nonzero(usage.completion_tokens, timings.predicted_n),
        cached=cached,
        reasoning=None if details is None else details.reasoning_tokens,
        unseen=unseen,
    )


def _times(timings: _Timings) -> EngineTimes:
    """Return the times; `predicted_ms` is from the first token to the last."""
    return EngineTimes(
        prefill_ns=_ns(timings.prompt_ms),
        decode_ns=_ns(timings.predicted_ms),
        decode_tokens=timings.predicted_n,
        printed_rate=timings.predicted_per_second,
    )


def _ns(milliseconds: Any) -> Any:
    if not isinstance(milliseconds, int | float) or not abs(milliseconds) < _MAX_MS:
        return milliseconds
    return round(milliseconds * 1e6)


def _first_nonzero(first: Any, second: Any) -> Any:
    """Return the first, or the second if the first is zero or missing."""
    return second if not first and second is not None else first


def _either(first: Any, second: Any) -> Any:
    return second if first is None else first
