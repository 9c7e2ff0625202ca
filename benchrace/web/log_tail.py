"""The end of a text log for people to read: bounded, searched, and without control characters."""

import re
from itertools import islice
from pathlib import Path

from benchrace.api.service import LogTail
from benchrace.store import service_log

READ_BYTES = 4 << 20
MAX_LINES = 2000
_MAX_LINE_CHARS = 2000
# CSI and OSC sequences whole, then control characters, then marks that turn the text around.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SECRET = re.compile(r"(?i)(token[^:=\n]{0,40}[:=]\s*|\bbearer\s+)[^\s,;]+")


def tail(path: Path, lines: int, search: str = "") -> LogTail:
    """Read the last `lines` in which every word of `search` is found; blocking, raises OSError.

    Only the last 4 MiB are looked at. Tokens are blotted out, and a long line is cut.
    """
    data, size = service_log.read_end(path, READ_BYTES)
    cut = size > len(data)
    if cut:
        data = data.partition(b"\n")[2]
    words = search.lower().split()[:16]
    latest = (clean(line) for line in reversed(data.decode("utf-8", "replace").split("\n")) if line)
    matches = (line for line in latest if all(word in line.lower() for word in words))
    limit = max(1, min(lines, MAX_LINES))
    return LogTail(lines=tuple(islice(matches, limit))[::-1], size=size, cut=cut)


def clean(line: str) -> str:
    """Remove control sequences and secrets from a line."""
    line = _CONTROL.sub("", _SEQUENCE.sub("", line.expandtabs()))
    line = _SECRET.sub(r"\1[not shown]", line)
    return line if len(line) <= _MAX_LINE_CHARS else f"{line[: _MAX_LINE_CHARS - 1]}…"
