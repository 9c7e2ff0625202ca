"""The page's types, from what central's routes take and answer."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import msgspec
from msgspec import UnsetType
from msgspec import inspect as types

from benchrace.central.api.app import create_app
from benchrace.central.api.route_context import RouteContext
from benchrace.central.central import Central
from benchrace.compat import central as compat
from benchrace.protocol.capabilities import Capabilities
from docs.generator import structs
from docs.generator.http_api import StandIn
from docs.generator.markdown import docstring

HEAD = "// Written by `make docs` from benchrace/api; do not edit.\n"
INDEX = "index.ts"
# What the page has itself, beside the types that are written.
_OWN = {"Schema": "../../schema/schema"}
# Names of types: what is in comments and in quotes is none.
_ASIDE = re.compile(r"/\*.*?\*/|'[^']*'", re.DOTALL)
_WORD = re.compile(r"\b[A-Z]\w+\b")
_PLAIN: dict[type[types.Type], str] = {
    types.AnyType: "unknown",
    types.RawType: "unknown",
    types.NoneType: "null",
    types.BoolType: "boolean",
    types.IntType: "number",
    types.FloatType: "number",
    types.StrType: "string",
    types.BytesType: "string",
}
# What Python keeps as it came, the page reads: JSON Schema, and capabilities of any version.
_REFINED = {
    ("WorkloadDescription", "params_schema"): "Schema",
    ("RunAnswer", "machines"): "Record<string, Partial<Capabilities> | undefined>",
}
# What only those reach.
_STORED = (Capabilities,)
_ANSWERS = "_quart_schema_response_schemas"
_REQUESTS = ("_quart_schema_request_schema", "_quart_schema_querystring_schema")
_WIDTH = 110


def render() -> dict[str, str]:
    """Return the modules by file name: answers with every field, requests with optional ones."""
    answers, requests = _roots()
    writer = Writer(answers)
    writer.write(answers, requests)
    return writer.modules()


def _roots() -> tuple[list[type], list[type]]:
    """Collect what the routes take and answer; forms of older systems are not for the page."""
    app = create_app(cast(RouteContext, StandIn()))
    compat.install(app, cast(Central, StandIn()))
    answers: list[type] = [*_STORED]
    requests: list[type] = []
    for view in app.view_functions.values():
        answers += [model for model, _ in getattr(view, _ANSWERS, {}).values()]
        for attribute in _REQUESTS:
            model = getattr(view, attribute, None)
            requests += [model[0] if isinstance(model, tuple) else model] if model else []
    return _native(answers), _native(requests)


def _native(models: Iterable[type]) -> list[type]:
    unique = dict.fromkeys(item for item in models if ".compat." not in item.__module__)
    return sorted(unique, key=lambda item: item.__name__)


class Writer:
    """Writes a declaration for each Struct and enum, in the order in which they are reached."""

    def __init__(self, answers: Iterable[type]) -> None:
        self._names: dict[str, type] = {}
        self._done: dict[str, str] = {}
        self._answered = set(_reached(answers))

    def write(self, answers: Iterable[type], requests: Iterable[type]) -> None:
        """Declare every type that answers and requests reach."""
        for model in answers:
            self._declare(model, as_input=False)
        for model in requests:
            self._declare(model, as_input=True)

    def modules(self) -> dict[str, str]:
        """Return one module for each topic, and an index that exports them all."""
        topics: dict[str, list[str]] = {}
        for name in sorted(self._done):
            topics.setdefault(_topic(self._names[name]), []).append(name)
        exports = "".join(f"export type * from './{topic}';\n" for topic in sorted(topics))
        modules = {f"{topic}.ts": self._module(topic, names) for topic, names in topics.items()}
        return {**modules, INDEX: f"{HEAD}\n{exports}"}

    def _module(self, topic: str, names: Sequence[str]) -> str:
        text = "\n".join(self._done[name] for name in names)
        imported: dict[str, list[str]] = {}
        for word in sorted(set(_WORD.findall(_ASIDE.sub("", text))) - set(names)):
            if word in self._done:
                imported.setdefault(f"./{_topic(self._names[word])}", []).append(word)
            elif word in _OWN:
                imported.setdefault(_OWN[word], []).append(word)
        lines = (
            f"import type {{ {', '.join(imported[path])} }} from '{path}';\n"
            for path in sorted(imported)
        )
        return "\n".join(part for part in (HEAD, "".join(lines), text) if part)

    def _name(self, cls: type, as_input: bool) -> str:
        """Return a type's name; a Struct that is also answered has a second one as a request."""
        name = cls.__name__
        if as_input and cls in self._answered and issubclass(cls, msgspec.Struct):
            name += "Input"
        if self._names.setdefault(name, cls) is not cls:
            raise ValueError(f"two public classes {name}: {cls} and {self._names[name]}")
        return name

    def _declare(self, cls: type, as_input: bool) -> str:
        as_input = as_input and issubclass(cls, msgspec.Struct)
        name = self._name(cls, as_input)
        if name in self._done:
            return name
        self._done[name] = ""
        kind = types.type_info(cls)
        words = _comment(docstring(cls)) if issubclass(cls, msgspec.Struct) else ""
        match kind:
            case types.EnumType():
                values = " | ".join(_quoted(member.value) for member in kind.cls)
                text = f"export type {name} = {values};\n"
            case types.StructType():
                fields = "".join(self._field(cls, item, as_input) for item in kind.fields)
                tag = f"  {kind.tag_field}: {_quoted(kind.tag)};\n" if kind.tag_field else ""
                text = f"{words}export interface {name} {{\n{tag}{fields}}}\n"
            case _:
                raise ValueError(f"{cls} is neither a Struct nor an enum")
        self._done[name] = text
        return name

    def _field(self, of: type[msgspec.Struct], field: types.Field, as_input: bool) -> str:
        omitted = as_input or of.__struct_config__.omit_defaults
        optional = "?" if omitted and not field.required else ""
        spelled = _REFINED.get((of.__name__, field.name)) or self._spell(field.type, as_input)
        return f"  {field.encode_name}{optional}: {spelled};\n"

    def _spell(self, kind: types.Type, as_input: bool) -> str:
        match kind:
            case types.Metadata(type=inside):
                return self._spell(inside, as_input)
            case types.UnionType(types=several):
                ordered = sorted(several, key=lambda item: isinstance(item, types.NoneType))
                members = (self._spell(item, as_input) for item in ordered)
                return " | ".join(dict.fromkeys(item for item in members if item))
            case types.LiteralType(values=values):
                return " | ".join(_quoted(item) for item in values)
            case types.EnumType(cls=cls) | types.StructType(cls=cls):
                return self._declare(cls, as_input)
            case types.VarTupleType(item_type=item) | types.ListType(item_type=item):
                spelled = self._spell(item, as_input)
                return f"({spelled})[]" if " " in spelled else f"{spelled}[]"
            case types.TupleType(item_types=items):
                return f"[{', '.join(self._spell(item, as_input) for item in items)}]"
            case types.DictType(value_type=value):
                return f"Record<string, {self._spell(value, as_input)}>"
            case _ if kind == types.type_info(UnsetType):
                return ""
            case _:
                return _PLAIN[type(kind)]


def _topic(cls: type) -> str:
    """Return a type's module in `benchrace.api` or `benchrace.run`, else its package."""
    _, package, *inner = cls.__module__.split(".")
    return inner[0] if package in ("api", "run") else package


def _reached(roots: Iterable[type]) -> Iterator[type]:
    for root in roots:
        yield root
        yield from structs.inner(root)


def _comment(text: str) -> str:
    """Write what a Struct says of itself as a comment."""
    if not text:
        return ""
    words = " ".join(text.replace("*/", "* /").split())
    if len(words) < _WIDTH:
        return f"/** {words} */\n"
    lines = (f" * {line}" for line in textwrap.wrap(words, _WIDTH, break_on_hyphens=False))
    return "\n".join(["/**", *lines, " */\n"])


def _quoted(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)
