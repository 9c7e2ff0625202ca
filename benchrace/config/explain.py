"""Messages about values that do not fit a Struct, for the person who wrote them."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

Keys = tuple[str | int, ...]

# Compiled for the first mistake: few processes see one.
_PLACE = r" - at `(?:key in )?\$(.*)`$"
_STEP = r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]"
_UNKNOWN = r"Object contains unknown field `(.*)`$"
_MISSING = r"Object missing required field `(.*)`$"
_CHOICE = r"(?s)Invalid enum value (.*)$"
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
    """Return the path of the faulty value, and what was expected there."""
    text = str(error)
    keys: Keys = ()
    if place := re.search(_PLACE, text):
        text = text[: place.start()]
        keys = tuple(
            name or int(index) for name, index in re.findall(_STEP, place[1]) if name or index
        )
    if unknown := re.match(_UNKNOWN, text):
        return (*keys, unknown[1]), f"unknown key{_meant(unknown[1], target, keys)}"
    if missing := re.match(_MISSING, text):
        return (*keys, missing[1]), "is missing"
    if (choice := re.match(_CHOICE, text)) and (choices := tuple(_choices(target, keys))):
        return keys, f"expected {' or '.join(choices)}, got {choice[1][:60]}"
    return keys, in_words(text)


def in_words(text: str) -> str:
    """Rewrite a decoder's message with everyday names for types."""
    plain = re.sub(r"`([^`]*)`", lambda match: _plain(match[1]), text)
    return plain[:1].lower() + plain[1:]


def spelt(keys: Keys) -> str:
    """Write a path as people do: `lanes[1].params.n`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def did_you_mean(word: str, names: list[str]) -> str:
    """Suggest the nearest valid name, as the end of a sentence; else list all of them."""
    import difflib  # For mistakes only: few processes see one.

    if near := difflib.get_close_matches(word, names, 1, 0.6):
        return f"; did you mean {near[0]}?"
    return f"; expected one of {', '.join(sorted(names))}" if names else ""


def _plain(words: str) -> str:
    return " or ".join(_WORDS.get(word.strip(), word.strip()) for word in words.split("|"))


def _meant(word: str, target: Any, keys: Keys) -> str:
    names = [
        field.encode_name
        for type_ in _at(inspect.type_info(target), keys)
        if isinstance(type_, inspect.StructType)
        for field in type_.fields
    ]
    return did_you_mean(word, names)


def _choices(target: Any, keys: Keys) -> Iterator[str]:
    """Yield the values allowed at `keys`, as text."""
    for type_ in _at(inspect.type_info(target), keys):
        match type_:
            case inspect.EnumType():
                yield from (str(member.value) for member in type_.cls)
            case inspect.LiteralType():
                yield from map(str, type_.values)
            case inspect.IntType():
                yield _WORDS["int"]
            case inspect.FloatType():
                yield _WORDS["float"]
            case _:
                pass


def _at(kind: inspect.Type, keys: Keys) -> Iterator[inspect.Type]:
    """Yield the types, unions resolved, of which one stands at `keys` below `kind`."""
    match kind:
        case inspect.Metadata():
            yield from _at(kind.type, keys)
        case inspect.UnionType():
            for type_ in kind.types:
                yield from _at(type_, keys)
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
