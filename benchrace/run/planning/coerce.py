"""Convert values as people type them to the types of a schema: "50M" to an integer."""

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

import msgspec

from benchrace.run.planning import schema as schemas
from benchrace.run.planning.schema import Schema

AUTO = "auto"

_NUMBER = re.compile(
    r"(?P<digits>[+-]?(?:\d+(?:_\d+)*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)(?P<suffix>[kKMGBT]?)",
    re.ASCII,
)
_SUFFIX = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}
_BOOLEAN = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MAX_EXPONENT = 40
_MAX_CHARS = 64
# More digits than the longest text can hold, so that nothing is rounded.
_EXACTLY = Context(prec=_MAX_CHARS * 2)


def coerce(params: Mapping[str, Any], schema: Schema, automatic: str | None) -> dict[str, Any]:
    """Convert each value to its schema's type; what does not fit is left for the worker to reject.

    "auto" is left as it is for the parameter that `automatic` names.
    """
    properties = schemas.fields(schema)
    return {
        name: value
        if name not in properties or (name == automatic and value == AUTO)
        else coerced(value, properties[name])
        for name, value in params.items()
    }


def coerced(value: Any, part: Schema) -> Any:
    """Convert one value to its schema's type, or leave it."""
    types = schemas.types(part)
    if isinstance(value, str):
        return _of_choice(value, part["enum"]) if "enum" in part else _of_text(value, types)
    # JSON has one sort of number: 1e9 arrives as a float where an integer is meant.
    if isinstance(value, float) and value.is_integer() and "integer" in types - {"number"}:
        return int(value)
    return value


def number(text: str) -> int | float | None:
    """Read "10_000", "1e9", "2k" or "0.5"; None for anything else, or an absurd number."""
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= _MAX_CHARS else None
    if match is None:
        return None
    exact = Decimal(match["digits"].replace("_", "")).scaleb(_SUFFIX[match["suffix"]], _EXACTLY)
    if exact != 0 and abs(exact.adjusted()) > _MAX_EXPONENT:
        return None
    whole = exact.to_integral_value(context=_EXACTLY)
    return int(whole) if whole == exact else float(exact)


def _of_text(text: str, types: frozenset[str]) -> Any:
    if "string" in types:
        return text
    plain = text.strip().lower()
    if "null" in types and plain in ("null", "none", ""):
        return None
    if "boolean" in types and plain in _BOOLEAN:
        return _BOOLEAN[plain]
    if types & {"integer", "number"} and (read := number(text)) is not None:
        return read if isinstance(read, int) or "number" in types else text
    if types & {"array", "object"} and plain[:1] in ("[", "{"):
        return _of_json(text)
    return text


def _of_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except msgspec.DecodeError:
        return text


def _of_choice(text: str, choices: list[Any]) -> Any:
    if text in choices:
        return text
    named = {str(choice): choice for choice in choices}
    return named.get(text, text)
