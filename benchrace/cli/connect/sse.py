"""Server-sent events from bytes, split at newlines alone, so that any text inside survives."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_LINE_BYTES = 1 << 20


# What a comment is read as: the sender is alive and has nothing to say.
PING = "ping"


class Message(NamedTuple):
    """One event: its name (empty for the default), its id where it has one, its data lines."""

    event: str
    id: str | None
    data: tuple[bytes, ...]


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a byte stream at line feeds; raises `ValueError` over `MAX_LINE_BYTES` without one."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n")
        yield from whole
        if len(rest) > MAX_LINE_BYTES:
            raise ValueError(f"a line of over {MAX_LINE_BYTES} bytes in an event stream")


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Read events until the stream ends; one that its blank line does not end is dropped."""
    event, identity, data = "", None, list[bytes]()
    for line in lines(chunks):
        line = line.removesuffix(b"\r")
        if not line:
            if event or data or identity:
                yield Message(event, identity, tuple(data))
            event, identity, data = "", None, []
            continue
        if line.startswith(b":"):
            yield Message(PING, None, ())
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            event = value.decode("utf-8", "replace")
        elif field == b"id":
            identity = value.decode("utf-8", "replace")
