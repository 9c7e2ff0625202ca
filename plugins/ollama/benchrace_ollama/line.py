"""One line of an answer, and what it says."""

from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, EngineTimes, Piece, Usage
from benchrace_ollama.refusal import meaning


class Message(msgspec.Struct):
    """What /api/chat says in a line."""

    content: str = ""
    thinking: str = ""


class Line(msgspec.Struct):
    """A line of /api/generate or /api/chat; durations in ns, each absent where it is zero.

    Figures are taken as they come: `Piece` loses a faulty one alone.
    """

    response: str = ""
    thinking: str = ""
    message: Message | None = None
    done: bool = False
    done_reason: str | None = None
    error: str | None = None
    total_duration: Any = None
    load_duration: Any = None
    prompt_eval_count: Any = None
    prompt_eval_duration: Any = None
    eval_count: Any = None
    eval_duration: Any = None


_decoder = msgspec.json.Decoder(Line)


def read(data: bytes) -> Piece:
    """Say what a line says. Raises `bad_output` for what is no line of Ollama's."""
    try:
        line = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"a line is no answer of Ollama's ({error}): {data[:200]!r}",
            "Check that the address is Ollama's own, without a proxy that rewrites answers.",
        ) from error
    if line.error is not None:
        return Piece(failure=meaning(line.error).failure())
    said = line.message or Message(content=line.response, thinking=line.thinking)
    if not line.done:
        return Piece(text=said.content, reasoning=said.thinking)
    return Piece(
        text=said.content,
        reasoning=said.thinking,
        finish=line.done_reason,
        done=True,
        usage=usage(line),
        times=times(line),
    )


def usage(line: Line) -> Usage:
    """The counts of a done line. `prompt_eval_count` is the whole prompt, also on a cache hit,
    and nothing tells how much of it was cached. An answer that ended by itself counts its end
    token, which has no line; one that a stop text ended does not, so that the claim is checked
    against the lines by who has heard them.
    """
    return Usage(
        prompt=line.prompt_eval_count,
        output=line.eval_count,
        unseen=1 if line.done_reason == "stop" else 0,
    )


def times(line: Line) -> EngineTimes:
    """The durations of a done line. `eval_duration` spans n - 1 steps; with one token it is a
    placeholder of 1,000 ns or absent, so that there is none.
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
