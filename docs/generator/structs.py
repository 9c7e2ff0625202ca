"""A Struct as a table: each field, what it may hold, and what it is when left out."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET
from msgspec import inspect as types

from docs.generator.markdown import docstring, first_line, table

_PLAIN: dict[type[types.Type], str] = {
    types.AnyType: "anything",
    types.NoneType: "null",
    types.BoolType: "boolean",
    types.IntType: "integer",
    types.FloatType: "number",
    types.StrType: "text",
    types.BytesType: "bytes",
}
T = TypeVar("T")


def section(
    of: type[msgspec.Struct], level: int = 3, title: str | None = None, without: str = ""
) -> str:
    """Describe one Struct under a heading of its own, one field left out if so wished.

    The first paragraph of what it says of itself is enough where a field is left out.
    """
    heading = f"{'#' * level} {title or f'`{of.__name__}`'}"
    words = first_line(docstring(of)) if without else docstring(of)
    return "\n\n".join(part for part in (heading, words, fields(of, without)) if part)


def fields(of: type[msgspec.Struct], without: str = "") -> str:
    """Render the fields of a Struct; a column for their meaning where any field states one."""
    shown = [field for field in _info(of).fields if field.name != without]
    meanings = {field.name: _meaning(field.type) for field in shown}
    titles = ["field", "type", "default"]
    rows = []
    for field in shown:
        row = [f"`{field.encode_name}`", spell(field.type), _default(field)]
        rows.append([*row, meanings[field.name]] if any(meanings.values()) else row)
    return table([*titles, "meaning"] if any(meanings.values()) else titles, rows)


def inner(of: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Yield the Structs that the fields of `of` hold, however deep, each once, outer ones first."""
    seen: dict[type[msgspec.Struct], None] = {}
    waiting = [of]
    while waiting:
        for field in _info(waiting.pop(0)).fields:
            for struct in _structs(field.type):
                if struct not in seen and struct is not of:
                    seen[struct] = None
                    waiting.append(struct)
    yield from seen


def field_type(of: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Return the Struct that a field holds."""
    kind = next(field.type for field in _info(of).fields if field.name == name)
    assert isinstance(kind, types.StructType)
    return kind.cls


def spell(kind: types.Type) -> str:
    """Describe what a type may hold."""
    match kind:
        case types.Metadata(type=inside):
            return spell(inside)
        case types.UnionType(types=several):
            # What may be null says so last.
            ordered = sorted(several, key=lambda type_: isinstance(type_, types.NoneType))
            return " or ".join(spell(type_) for type_ in ordered)
        case types.LiteralType(values=values):
            return " or ".join(sorted(f"`{json.dumps(value)}`" for value in values))
        case types.EnumType(cls=cls):
            return ", ".join(f"`{member.value}`" for member in cls)
        case types.StructType(cls=cls):
            return f"`{cls.__name__}`"
        case types.VarTupleType(item_type=item) | types.ListType(item_type=item):
            return f"list of {spell(item)}"
        case types.TupleType(item_types=items):
            return f"list of {len(items)}: {', '.join(spell(item) for item in items)}"
        case types.DictType(value_type=value):
            return f"object of {spell(value)}"
        case _:
            return f"{_PLAIN[type(kind)]}{_limits(kind)}"


def _limits(kind: types.Type) -> str:
    low, high = getattr(kind, "ge", None), getattr(kind, "le", None)
    above = getattr(kind, "gt", None)
    if above is not None and high is not None:
        return f" above {above}, up to {high}"
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" from {low}"
    longest = getattr(kind, "max_length", None)
    return "" if longest is None else f" of up to {longest} characters"


def _default(field: types.Field) -> str:
    if field.default is UNSET:
        return "unchanged"
    if field.default is not msgspec.NODEFAULT:
        return f"`{json.dumps(field.default, default=_value)}`"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{json.dumps(field.default_factory(), default=_value)}`"
    return "required" if field.required else ""


def _value(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _meaning(kind: types.Type) -> str:
    match kind:
        case types.Metadata(extra_json_schema=dict(about)):
            return str(about.get("description", ""))
        case _:
            return ""


def _structs(kind: types.Type) -> Iterator[type[msgspec.Struct]]:
    match kind:
        case types.StructType(cls=cls):
            yield cls
        case types.Metadata(type=inside):
            yield from _structs(inside)
        case types.UnionType(types=several) | types.TupleType(item_types=several):
            for type_ in several:
                yield from _structs(type_)
        case types.VarTupleType(item_type=item) | types.ListType(item_type=item):
            yield from _structs(item)
        case types.DictType(value_type=value):
            yield from _structs(value)
        case _:
            return


def _info(of: type[msgspec.Struct]) -> types.StructType:
    info = types.type_info(of)
    assert isinstance(info, types.StructType)
    return info
