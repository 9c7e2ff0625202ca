"""Parse the lines of an answer's stream."""

from typing import Any

import msgspec

from benchrace.plugin import (
    BenchraceError,
    Category,
    Delta,
    EngineTimes,
    JsonReader,
    Usage,
    find_error,
    parse_json,
    read_parts,
    words,
)
from benchrace_ollama.errors import meaning


class Message(msgspec.Struct):
    """The message in a line of /api/chat."""

    content: str = ""
    thinking: str = ""


class Line(msgspec.Struct):
    """A line of /api/generate or /api/chat; durations in ns, absent if zero.

    Figures are passed on unchecked: faulty ones are dropped later, one by one.
    """

    response: str = ""
    thinking: str = ""
    message: Message | None = None
    done: bool = False
    done_reason: str | None = None
    error: Any = None
    detail: Any = None
    total_duration: Any = None
    load_duration: Any = None
    prompt_eval_count: Any = None
    prompt_eval_duration: Any = None
    eval_count: Any = None
    eval_duration: Any = None


_reader = JsonReader(Line)
_TEXTS = ("response", "thinking", "content")


def read(data: bytes) -> Delta:
    """Parse a line; raises `bad_output` for an invalid one."""
    try:
        line, odd = _reader.read(data, _prepare)
    except msgspec.MsgspecError as error:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"invalid line in Ollama's answer ({error}): {words(repr(data[:200]), 200)}",
            "Check that the address is Ollama's own, without a proxy that rewrites answers.",
        ) from error
    if line.error or line.detail or "message" in odd:
        failure = find_error(parse_json(data))
        if failure is not None:
            return Delta(failure=meaning(failure.message).failure())
    message = line.message or Message(content=line.response, thinking=line.thinking)
    if not line.done:
        return Delta(text=message.content, reasoning=message.thinking, odd=odd)
    return Delta(
        text=message.content,
        reasoning=message.thinking,
        finish=line.done_reason,
        done=True,
        usage=usage(line),
        times=times(line),
        odd=odd,
    )


def _prepare(line: dict[str, Any]) -> None:
    """Convert the texts of a line with unexpected types to strings; raises as `read_parts`."""
    message = line.get("message")
    for fields in (line, message) if isinstance(message, dict) else (line,):
        for name in _TEXTS & fields.keys():
            if not isinstance(fields[name], str):
                parts = read_parts(fields[name])
                fields[name] = parts.output
                if parts.reasoning:
                    thought = fields.get("thinking")
                    fields["thinking"] = parts.reasoning + (
                        thought if isinstance(thought, str) and name != "thinking" else ""
                    )


def usage(line: Line) -> Usage:
    """Return the counts of a done line.

    `prompt_eval_count` is the whole prompt, also on a cache hit, and nothing shows how much of it
    was cached. An answer that ended by itself counts its end token, which has no line; one that a
    stop text ended does not, so that `unseen` is checked against the number of lines later.
    """
    return Usage(
        prompt=line.prompt_eval_count,
        output=line.eval_count,
        unseen=1 if line.done_reason == "stop" else 0,
    )


def times(line: Line) -> EngineTimes:
    """Return the durations of a done line.

    `eval_duration` spans n - 1 steps; with one token it is a placeholder of 1,000 ns or absent, and
    not used.
    """
    n, took = line.eval_count, line.eval_duration
    spans = took is not None and not (isinstance(n, int) and n <= 1)
    printed = spans and isinstance(n, int) and isinstance(took, int) and took > 0
    return EngineTimes(
        load_ns=line.load_duration,
        prefill_ns=line.prompt_eval_duration,
        decode_ns=took if spans else None,
        decode_tokens=n if spans else None,
        printed_rate=n / took * 1e9 if printed else None,
        total_ns=line.total_duration,
    )
