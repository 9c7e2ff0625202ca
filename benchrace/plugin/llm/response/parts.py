"""Read text in any shape that engines send: a string, or parts of output and thinking."""

from typing import Any, NamedTuple

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.llm.response.words import words

_MAX_DEPTH = 8
_TEXTS = ("text", "content")
_THOUGHTS = ("thinking", "reasoning", "reasoning_content")


class Parts(NamedTuple):
    """The text of a message, split into output and thinking."""

    output: str = ""
    reasoning: str = ""


def read_parts(value: Any) -> Parts:
    """Return the text of a field for text; parts without text, like images, are skipped.

    Raises `bad_output` for a number or true: the loss of text would go unnoticed.
    """
    if value is None or value is False:
        return Parts()
    if isinstance(value, str | list | dict):
        return _read(value, False, 0)
    raise BenchraceError(
        Category.BAD_OUTPUT,
        f"the engine sent {words(repr(value), 40)} instead of text",
        "Update the engine, or check for a proxy that rewrites its answers.",
    )


def _read(value: Any, thinks: bool, depth: int) -> Parts:
    if isinstance(value, str):
        return Parts(reasoning=value) if thinks else Parts(output=value)
    if depth >= _MAX_DEPTH:
        return Parts()
    if isinstance(value, list):
        parts = [_read(part, thinks, depth + 1) for part in value]
        output = "".join(part.output for part in parts)
        return Parts(output, "".join(part.reasoning for part in parts))
    if not isinstance(value, dict):
        return Parts()
    kind = value.get("type")
    thinks = thinks or (isinstance(kind, str) and kind.startswith(("thinking", "reasoning")))
    text = _first(value, _TEXTS, thinks, depth)
    thought = _first(value, _THOUGHTS, True, depth)
    return Parts(text.output, thought.reasoning + text.reasoning)


def _first(part: dict[str, Any], names: tuple[str, ...], thinks: bool, depth: int) -> Parts:
    return next((_read(part[name], thinks, depth + 1) for name in names if part.get(name)), Parts())
