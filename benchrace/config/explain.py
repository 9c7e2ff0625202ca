"""What does not fit a Struct, in words for the person who wrote it."""

import difflib
import re
from typing import Any

import msgspec
from msgspec import inspect

Keys = tuple[str | int, ...]

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.*)`$")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
    "null": "nothing",
}


def explain(error: msgspec.ValidationError, target: Any) -> tuple[Keys, str]:
    """Give the path of what is wrong, and what was expected there."""
    text = str(error)
    keys: Keys = ()
    if place := _PLACE.search(text):
        text = text[: place.start()]
        keys = tuple(name or int(index) for name, index in _STEP.findall(place[1]) if name or index)
    if unknown := _UNKNOWN.match(text):
        return (*keys, unknown[1]), f"unknown key{_meant(unknown[1], target, keys)}"
    if missing := _MISSING.match(text):
        return (*keys, missing[1]), "is missing"
    plain = re.sub(r"`([^`]*)`", lambda found: _plain(found[1]), text)
    return keys, plain[:1].lower() + plain[1:]


def spelt(keys: Keys) -> str:
    """Write a path as people do: `lanes[1].params.n`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def did_you_mean(word: str, known: list[str]) -> str:
    """Suggest the nearest known word, as the end of a sentence; else list all of them."""
    if near := difflib.get_close_matches(word, known, 1, 0.6):
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""


def _plain(words: str) -> str:
    return " or ".join(_WORDS.get(word.strip(), word.strip()) for word in words.split("|"))


def _meant(word: str, target: Any, keys: Keys) -> str:
    return did_you_mean(word, _fields(inspect.type_info(target), keys))


def _fields(kind: inspect.Type, keys: Keys) -> list[str]:
    """List the fields of the Struct that stands at `keys` below `kind`."""
    match kind:
        case inspect.UnionType():
            return [name for each in kind.types for name in _fields(each, keys)]
        case inspect.StructType() if not keys:
            return [field.encode_name for field in kind.fields]
        case inspect.StructType():
            inner = [field.type for field in kind.fields if field.encode_name == keys[0]]
            return _fields(inner[0], keys[1:]) if inner else []
        case inspect.VarTupleType() | inspect.ListType() if keys:
            return _fields(kind.item_type, keys[1:])
        case inspect.DictType() if keys:
            return _fields(kind.value_type, keys[1:])
        case _:
            return []
