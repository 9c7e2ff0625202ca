"""Parameters in words of their own, which their schemas have: `all threads`, `1 thread`."""

from collections.abc import Mapping
from typing import Any

from benchrace.formatting import whole


def phrase(value: int, phrases: Any) -> str:
    """Return a number in the words that a schema has for `zero`, `one` and `other`: `1 thread`.

    Empty where there are none: what a plugin of another version says may be anything.
    """
    if not isinstance(phrases, Mapping):
        return ""
    case = {0: "zero", 1: "one"}.get(value, "other")
    words = phrases.get(case, phrases.get("other", ""))
    return words.replace("{}", whole(value)) if isinstance(words, str) else ""
