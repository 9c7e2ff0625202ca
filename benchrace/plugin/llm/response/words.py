"""Sanitise a server's text for display: one short line without control characters."""

import re

# Terminal sequences as a whole, then control characters and marks that change text direction.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def words(text: str, limit: int = 500) -> str:
    """Return `text` on one line, without control characters, truncated to `limit` characters."""
    plain = _CONTROL.sub(" ", _SEQUENCE.sub("", text[: 8 * limit]))
    line = " ".join(plain.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
