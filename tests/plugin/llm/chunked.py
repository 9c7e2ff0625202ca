"""Answers of an engine that generates a token each `STEP_NS`, split into chunks in any way."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchrace.kinds.llm import Answer, Usage
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.stream import ResponseReader
from benchrace.plugin.stream import Chunk

STEP_NS = 20_000_000
FIRST_NS = 150_000_000
Read = Callable[[bytes], Delta]


class Sent(NamedTuple):
    """A message of the engine, and when it arrives."""

    data: bytes
    at_ns: int


def take(reader: ResponseReader, piece: Delta, at_ns: int, data: bytes = b"") -> None:
    """Add a chunk that arrived exactly at this instant."""
    reader.take(Chunk(data, at_ns, at_ns, len(data)), piece)


def hearing() -> ResponseReader:
    """Return a reader that shows nothing."""
    return ResponseReader(lambda text, *, reasoning=False: None, lambda done, total: None)


def facts(reader: ResponseReader) -> Answer:
    """Return the facts of an answer that was sent at 0 and ended well."""
    return reader.answer(request=0, t0_ns=0, send_ns=0, end_ns=10**12, connect_ns=None, clean=True)


def heard_by(read: Read, sent: Sequence[Sent]) -> Answer:
    """Read the messages of an engine with a plugin's parser."""
    reader = hearing()
    for message in sent:
        take(reader, read(message.data), message.at_ns, message.data)
    return facts(reader)


def answer_of(
    sizes: Sequence[int],
    *,
    step_ns: int = STEP_NS,
    counted: bool = False,
    events: bool = False,
    apart_ns: int = 0,
) -> Answer:
    """Return the answer for tokens in chunks of these sizes, each sent with its last token.

    `counted` engines report their count with each chunk. With `events`, a message is written for
    each token, those of a chunk right after each other, `apart_ns` apart.
    """
    reader, tokens, at_ns = hearing(), 0, FIRST_NS
    for size in sizes:
        at_ns = FIRST_NS + (tokens + size - 1) * step_ns
        for part in [1] * size if events else [size]:
            tokens += part
            usage = Usage(output=tokens) if counted else None
            take(reader, Delta(text="word " * part, usage=usage), at_ns)
            at_ns += apart_ns
    take(reader, Delta(finish="length", usage=Usage(output=tokens)), at_ns)
    return facts(reader)
