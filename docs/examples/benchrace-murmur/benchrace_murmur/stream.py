"""Parse the lines of an answer."""

from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Delta, JsonReader, Usage
from benchrace_murmur.errors import refusal


class Counts(msgspec.Struct):
    """The counts of a last line, unchecked: impossible ones are dropped later, one by one."""

    prompt: Any = None
    out: Any = None
    cached: Any = None


class Line(msgspec.Struct):
    """A line: text, or the end with its reason and counts, or an error."""

    t: str = ""
    end: str | None = None
    counts: Counts | None = None
    error: Any = None


_reader = JsonReader(Line)


def read(data: bytes) -> Delta:
    """Parse a line; raises `bad_output` for an invalid one."""
    try:
        line, odd = _reader.read(data)
    except msgspec.MsgspecError as error:
        remedy = "Check that murmur.base_url is murmur's own address, without a proxy."
        text = f"invalid line in murmur's answer: {error}"
        raise BenchraceError(Category.BAD_OUTPUT, text, remedy) from error
    if line.error:
        return Delta(failure=refusal(200, data.decode("utf-8", "replace")).failure())
    if line.end is None:
        return Delta(text=line.t, odd=odd)
    counts = line.counts or Counts()
    usage = Usage(prompt=counts.prompt, output=counts.out, cached=counts.cached)
    return Delta(text=line.t, finish=line.end, done=True, usage=usage, odd=odd)
