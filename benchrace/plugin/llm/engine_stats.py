"""Validate the figures that an engine reports, field by field, and drop only the faulty ones."""

from typing import Any, TypeVar

import msgspec

from benchrace import structs
from benchrace.kinds.llm import EngineTimes, Usage

Stats = TypeVar("Stats", Usage, EngineTimes)

_LABELS = {
    "prompt": "prompt tokens",
    "output": "output tokens",
    "cached": "cached tokens",
    "reasoning": "thinking tokens",
    "load_ns": "loading time in ns",
    "prefill_ns": "prefill time in ns",
    "decode_ns": "decoding time in ns",
    "decode_tokens": "decoded tokens",
    "printed_rate": "rate",
    "total_ns": "total time in ns",
}
# Every answer has some of these: engines that do not count them write 0.
_COUNTED = frozenset({"prompt", "output", "decode_tokens"})


def validate(stats: Stats) -> tuple[Stats, dict[str, str]]:
    """Return `stats` with null for impossible values, and the reasons by field.

    Structs are not validated when they are created, so that they may hold any JSON.
    """
    values: dict[str, Any] = {name: getattr(stats, name) for name in stats.__struct_fields__}
    try:
        # Some engines report figures with each chunk, and nearly all are valid: convert them at
        # once, which is fast.
        converted: Stats = structs.convert(values, type(stats), strict=False)
    except msgspec.ValidationError:
        return _validate_fields(stats, values)
    counts = (getattr(converted, name) for name in _COUNTED & values.keys())
    return _validate_fields(stats, values) if 0 in counts else (converted, {})


def _validate_fields(stats: Stats, values: dict[str, Any]) -> tuple[Stats, dict[str, str]]:
    faults: dict[str, str] = {}
    for field in msgspec.structs.fields(stats):
        try:
            values[field.name] = structs.convert(values[field.name], field.type, strict=False)
        except msgspec.ValidationError:
            faults[field.name] = _fault(field.name, values[field.name])
            values[field.name] = field.default
    for name in _COUNTED & values.keys():
        if values[name] == 0:
            faults[name], values[name] = _fault(name, 0), None
    if values.get("cached") == 0 and "prompt" in faults:
        # If the engine did not count the prompt, it did not count the cached tokens either.
        faults["cached"], values["cached"] = _fault("cached", 0), None
    return type(stats)(**values), faults


def unresolved(faults: dict[str, str], *figures: Usage | EngineTimes) -> dict[str, str]:
    """Return the faults of those figures for which no valid value came later."""
    missing = {
        name
        for figure in figures
        for name in figure.__struct_fields__
        if getattr(figure, name) is None
    }
    return {name: reason for name, reason in faults.items() if name in missing}


def _fault(name: str, value: Any) -> str:
    return f"the engine reports {value!r:.40} as its {_LABELS.get(name, name)}"
