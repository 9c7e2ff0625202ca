"""Text for a terminal. Foreign text can never move the cursor or change colours."""

import re

from benchrace.errors import Failure, by_message

# CSI and OSC sequences whole, then every other control character but the newline.
_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?(?:\x07|\x1b\\)|\x1b[@-_]|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Strip terminal escapes, control characters and direction marks; newlines stay."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def clean_line(text: str) -> str:
    """Clean a text as `clean` does, and put it on one line."""
    return clean(text.replace("\r", " ").replace("\n", " ").replace("\t", " "))


def failure_lines(failure: Failure) -> list[str]:
    """Format a failure: what happened, every bad field, and what to do."""
    fields = [str(field) for field in by_message(failure.fields)]
    # An error in a file names file and line before its field.
    if fields and not (len(fields) == 1 and failure.message.endswith(failure.fields[0].message)):
        lines = [f"benchrace: {clean_line(field)}" for field in fields]
    else:
        lines = [f"benchrace: {clean_line(failure.message)}"]
    if failure.remedy:
        lines.append(f"  {clean_line(failure.remedy)}")
    return lines
