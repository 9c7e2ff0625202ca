"""What a stream's encoding lacks: `us` for `µs`, `-` for a minus sign, `?` for the rest."""

import codecs
from collections.abc import Iterable
from io import TextIOWrapper
from typing import TextIO

_NAME = "benchrace.plain"
_PLAIN = {"µ": "u", "\u2013": "-", "\u2212": "-", "±": "+-", "…": "...", "’": "'"}


def replace_unprintable(streams: Iterable[TextIO]) -> None:
    """Replace what a stream's encoding lacks, instead of failing."""
    codecs.register_error(_NAME, _replace)
    for stream in streams:
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors=_NAME)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end
