"""The end of a text log for people to read: bounded, searched, and without control characters."""

import os
import re
from pathlib import Path

import msgspec

READ_BYTES = 4 << 20
MOST_LINES = 2000
_LONGEST = 2000
# CSI and OSC sequences whole, then control characters, then marks that turn the text around.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SECRET = re.compile(r"(?i)(token[^:=\n]{0,40}[:=]\s*|\bbearer\s+)[^\s,;]+")


class LogTail(msgspec.Struct, frozen=True, kw_only=True):
    """The last `lines` that were found, oldest first.

    `size` is that of the whole file in bytes; `cut` says that older lines were not looked at.
    """

    lines: tuple[str, ...]
    size: int
    cut: bool


def tail(path: Path, lines: int, search: str = "") -> LogTail:
    """Read the last `lines` in which every word of `search` is found; blocking, raises OSError.

    Only the last 4 MiB are looked at. Tokens are blotted out, and a long line is cut.
    """
    # A link, or a pipe, in the folder of logs is no log.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(file, "rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        start = max(0, size - READ_BYTES)
        opened.seek(start)
        data = opened.read(READ_BYTES)
    if start:
        data = data.partition(b"\n")[2]
    words = search.lower().split()[:16]
    cleaned = (clean(line) for line in data.decode("utf-8", "replace").split("\n") if line)
    found = [line for line in cleaned if all(word in line.lower() for word in words)]
    most = max(1, min(lines, MOST_LINES))
    return LogTail(lines=tuple(found[-most:]), size=size, cut=start > 0)


def clean(line: str) -> str:
    """Take out what could move a cursor, and what nobody should read."""
    line = _CONTROL.sub("", _SEQUENCE.sub("", line.expandtabs()))
    line = _SECRET.sub(r"\1[not shown]", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
