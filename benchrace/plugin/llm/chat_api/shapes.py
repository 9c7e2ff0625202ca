"""Normalise events that differ from the usual ones: text in parts, finish reasons as objects."""

from typing import Any

from benchrace.plugin.llm.response.parts import read_parts

Fields = dict[str, Any]
_THOUGHTS = ("reasoning_content", "reasoning")


def prepare(event: Fields) -> None:
    """Normalise the text and finish reason of an event; raises `bad_output` as `read_parts`.

    It is called only for events with unexpected types.
    """
    choices = event.get("choices")
    if isinstance(choices, dict):
        choices = event["choices"] = [choices]
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            _choice(choice)


def _choice(choice: Fields) -> None:
    if isinstance(choice.get("delta"), str):
        choice["delta"] = {"content": choice["delta"]}
    delta = choice.get("delta")
    if isinstance(delta, dict):
        _texts(delta, "content")
    _texts(choice, "text")
    finish = choice.get("finish_reason")
    if isinstance(finish, dict):
        choice["finish_reason"] = finish.get("type")


def _texts(fields: Fields, name: str) -> None:
    """Convert output and thinking to strings."""
    if not isinstance(fields.get(name), str | None):
        parts = read_parts(fields[name])
        fields[name] = parts.output
        if parts.reasoning:
            fields.setdefault("reasoning_content", parts.reasoning)
    for thought in _THOUGHTS:
        if not isinstance(fields.get(thought), str | None):
            parts = read_parts(fields[thought])
            fields[thought] = parts.reasoning + parts.output
