"""The encoder and decoder of events: one JSON object per line."""

from collections.abc import Iterable
from functools import cache

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category
from benchrace.events.envelope import Event, Known, Stream, Unknown
from benchrace.redaction import SECRETS

PROTOCOL_MAJOR = 1
PROTOCOL_MINOR = 1
MAX_LINE_BYTES = 256 * 1024
_NEW_WORD = "Invalid enum value"


class Head(msgspec.Struct, frozen=True):
    """The fields of a line that readers route by, decoded without its payload."""

    type: str
    job_id: str | None
    lane_id: str | None
    round: int | None
    stream: Stream
    seq: int


_encoder = msgspec.json.Encoder()
_unknown = structs.decoder(Unknown)
_head = structs.decoder(Head)


@cache
def _decoder() -> msgspec.json.Decoder[Known]:
    """Return the decoder of all events: to build it takes 10 ms, and workers only write."""
    return structs.decoder(Known)


def encode(event: Event | Unknown) -> bytes:
    """Encode to one line, newline included; raises `bad_output` over `MAX_LINE_BYTES`.

    Its payload loses the secrets that this process knows: an engine may echo a key.
    """
    line = SECRETS.encoded(_encoder.encode(event), only="payload") + b"\n"
    if len(line) > MAX_LINE_BYTES:
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"an event of {len(line)} bytes is over the limit of {MAX_LINE_BYTES}",
            "Send long output in parts, or as an artifact.",
        )
    return line


def decode(line: bytes) -> Known | Unknown:
    """Decode one line; an unknown tag, or a known one with an unknown word in an enum, comes back
    as `Unknown`: a newer version's. Raises `bad_output` on garbage.
    """
    try:
        return _decoder().decode(line)
    except msgspec.DecodeError as known_error:
        try:
            head = _head.decode(line)
            if head.type in TAGS and _NEW_WORD not in str(known_error):
                raise known_error
            return _unknown.decode(line)
        except msgspec.DecodeError as error:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"invalid event in a log: {error}",
                "Cut the log at that line; `benchrace runs reindex` does so.",
                detail=repr(line[:200]),
            ) from error


def head(line: bytes) -> Head:
    """Decode what a reader routes by; raises `msgspec.DecodeError` on garbage."""
    return _head.decode(line)


def heads(lines: Iterable[bytes]) -> list[Head]:
    """Decode the heads of many lines; raises `msgspec.DecodeError` on garbage."""
    return list(map(_head.decode, lines))


TAGS = frozenset(str(payload.__struct_config__.tag) for payload in Known.__args__)
