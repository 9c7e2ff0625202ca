"""What an engine tells of itself, taken field by field: a faulty figure is lost alone."""

from typing import Any, TypeVar

import msgspec

from benchrace.kinds.llm import EngineTimes, Usage

Told = TypeVar("Told", Usage, EngineTimes)

_WORDS = {
    "prompt": "its prompt's tokens",
    "output": "its output's tokens",
    "cached": "its cached tokens",
    "reasoning": "its thinking's tokens",
    "load_ns": "loading, in ns",
    "prefill_ns": "reading the prompt, in ns",
    "decode_ns": "decoding, in ns",
    "decode_tokens": "its decoded tokens",
    "printed_rate": "its own rate",
    "total_ns": "all of its time, in ns",
}


def sound(told: Told) -> tuple[Told, dict[str, str]]:
    """Give `told` with null for what cannot be, and why, by field: structs check nothing when they
    are made, so that any JSON may be in them.
    """
    values: dict[str, Any] = {name: getattr(told, name) for name in told.__struct_fields__}
    wrong: dict[str, str] = {}
    for field in msgspec.structs.fields(told):
        try:
            values[field.name] = msgspec.convert(values[field.name], field.type, strict=False)
        except msgspec.ValidationError:
            said = f"the engine tells {values[field.name]!r:.40} for "
            wrong[field.name] = said + _WORDS.get(field.name, field.name)
            values[field.name] = field.default
    return type(told)(**values), wrong
