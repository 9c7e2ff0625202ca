"""What does not fit a Struct, in words for the person who wrote it."""

import difflib
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

Keys = tuple[str | int, ...]

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.*)`$")
_CHOICE = re.compile(r"Invalid enum value (.*)$", re.DOTALL)
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
    if (choice := _CHOICE.match(text)) and (known := tuple(_choices(target, keys))):
        return keys, f"expected {' or '.join(known)}; it is {choice[1][:60]}"
    return keys, in_words(text)


def in_words(text: str) -> str:
    """Say a decoder's message with the words that people have for types."""
    plain = re.sub(r"`([^`]*)`", lambda found: _plain(found[1]), text)
    return plain[:1].lower() + plain[1:]


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
    known = [
        field.encode_name
        for each in _at(inspect.type_info(target), keys)
        if isinstance(each, inspect.StructType)
        for field in each.fields
    ]
    return did_you_mean(word, known)


def _choices(target: Any, keys: Keys) -> Iterator[str]:
    """Give what may stand at `keys`, in words."""
    for each in _at(inspect.type_info(target), keys):
        match each:
            case inspect.EnumType():
                yield from (str(member.value) for member in each.cls)
            case inspect.LiteralType():
                yield from map(str, each.values)
            case inspect.IntType():
                yield _WORDS["int"]
            case inspect.FloatType():
                yield _WORDS["float"]
            case _:
                pass


def _at(kind: inspect.Type, keys: Keys) -> Iterator[inspect.Type]:
    """Give the types, none of them a union, of which one stands at `keys` below `kind`."""
    match kind:
        case inspect.Metadata():
            yield from _at(kind.type, keys)
        case inspect.UnionType():
            for each in kind.types:
                yield from _at(each, keys)
        case _ if not keys:
            yield kind
        case inspect.StructType():
            for field in kind.fields:
                if field.encode_name == keys[0]:
                    yield from _at(field.type, keys[1:])
        case inspect.VarTupleType() | inspect.ListType():
            yield from _at(kind.item_type, keys[1:])
        case inspect.DictType():
            yield from _at(kind.value_type, keys[1:])
        case _:
            pass
