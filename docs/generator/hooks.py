"""The page of the plugin interface: hooks, the backend's methods, and a context's members."""

import inspect
import re
from collections.abc import Iterator
from enum import Enum

import msgspec

from benchrace import plugin
from benchrace.plugin import hookspecs
from docs.generator import structs
from docs.generator.markdown import block, docstring, first_line, page

HEAD = """\
A plugin is a distribution with an entry point in the group `{group}`. The entry point names a
module; the module implements hooks and may import `benchrace.plugin`, nothing else of benchrace.
Hooks are synchronous and only register: the work is in the classes that they return. A misspelt
hook, or one of the wrong arguments, is an error that `benchrace plugins` shows.

[Your first plugin](../tutorial/first-plugin.md) goes through a whole one."""

BACKEND = """\
The worker's runner calls these, in this order: `open`, then `round` as often as planned, then
`close`. It emits the events of rounds itself. Only `round` has to be written."""

TEXT_BACKEND = """\
It writes `open`, `round`, `close`, `settle`, `release` and `write` of `Backend`. A subclass has to
write {written}. [Write an engine plugin](../how-to/write-an-engine-plugin.md) goes through one."""

TEXT_LANE = """\
Created as `TextLane(lane, context)`, which are its attributes. A subclass has to write {written};
the other methods have defaults."""

FUNCTIONS = "Helpers, most of them for reading what an engine answers."

MAX_LENGTH = 84
_MODULE = re.compile(
    r"\b(?:typing|collections\.abc|contextlib|benchrace(?:\.\w+)+|msgspec)\.(?=[A-Z])"
)


def render() -> str:
    """Render the page."""
    return page(
        "Hooks and the plugin seam",
        HEAD.format(group=hookspecs.PROJECT),
        "## Hooks",
        *(_function(name, hook) for name, hook in hooks()),
        "## `Backend`",
        docstring(plugin.Backend),
        BACKEND,
        _attributes(plugin.Backend),
        *(_function(name, item) for name, item in _methods(plugin.Backend)),
        "## `TextBackend`",
        docstring(plugin.TextBackend),
        TEXT_BACKEND.format(written=_abstract(plugin.TextBackend)),
        *(_function(name, item) for name, item in _own_methods(plugin.TextBackend)),
        "## `TextLane`",
        docstring(plugin.TextLane),
        TEXT_LANE.format(written=_abstract(plugin.TextLane)),
        _attributes(plugin.TextLane),
        *(_function(name, item) for name, item in _methods(plugin.TextLane)),
        "## `Context`",
        docstring(plugin.Context),
        *(_function(name, item) for name, item in _methods(plugin.Context)),
        "## Values",
        *(_value(name) for name in plugin.__all__ if _is_value(name)),
        "## Errors",
        *(_error(name) for name in plugin.__all__ if _is_error(name)),
        "## Functions",
        FUNCTIONS,
        *(_function(name, getattr(plugin, name)) for name in plugin.__all__ if _is_function(name)),
        "## All names",
        "`benchrace.plugin` exports "
        + ", ".join(f"`{item}`" for item in sorted(plugin.__all__))
        + ".",
    )


def hooks() -> Iterator[tuple[str, object]]:
    """Yield every hook with its name, in the order in which they stand."""
    for name, hook in vars(hookspecs).items():
        if hasattr(hook, f"{hookspecs.PROJECT}_spec"):
            yield name, hook


def _function(name: str, function: object) -> str:
    if isinstance(function, property):
        assert function.fget is not None
        of = inspect.signature(function.fget).return_annotation
        return f"### `{name}`\n\n{block(f'{name}: {_type(of)}', 'python')}\n\n{docstring(function)}"
    shape = block(_head(name, function), "python")
    return f"### `{name}`\n\n{shape}\n\n{docstring(function)}"


def _head(name: str, function: object) -> str:
    assert callable(function)
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"{kind} {name}{_signature(inspect.signature(function))}"


def _signature(of: inspect.Signature, *, returns: bool = True) -> str:
    parts: list[str] = []
    for parameter in of.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        signature = (
            "" if parameter.annotation is parameter.empty else f": {_type(parameter.annotation)}"
        )
        parts.append(
            f"{parameter.name}{signature}"
            f"{'' if parameter.default is parameter.empty else _default(parameter)}"
        )
    end = f" -> {_type(of.return_annotation)}" if returns else ""
    line = f"({', '.join(parts)}){end}"
    return line if len(line) <= MAX_LENGTH else "(\n    " + ",\n    ".join(parts) + f",\n){end}"


def _default(of: inspect.Parameter) -> str:
    return f" = {of.default!r}"


def _methods(of: type) -> Iterator[tuple[str, object]]:
    for name, member in vars(of).items():
        if not name.startswith("_") and (
            inspect.isfunction(member) or isinstance(member, property)
        ):
            yield name, member


def _own_methods(of: type) -> Iterator[tuple[str, object]]:
    """Yield the methods that `of` adds to those of `Backend`."""
    for name, member in _methods(of):
        if not hasattr(plugin.Backend, name):
            yield name, member


def _abstract(of: type) -> str:
    abstract: frozenset[str] = getattr(of, "__abstractmethods__", frozenset())
    *names, last = (f"`{name}`" for name, _ in _methods(of) if name in abstract)
    return f"{', '.join(names)} and {last}" if names else last


def _attributes(of: type) -> str:
    # What a Struct or a named tuple keeps under a field's name is how it is read, no default.
    plain = not issubclass(of, msgspec.Struct | tuple)
    defaults = vars(of) if plain else {}
    rows = []
    for name, kind in inspect.get_annotations(of).items():
        value = defaults.get(name, _Nothing)
        shown = f" = {value}" if isinstance(value, Enum) else f" = {value!r}"
        rows.append(f"{name}: {_type(kind)}{'' if value is _Nothing else shown}")
    return block("\n".join(rows), "python")


def _is_value(name: str) -> bool:
    value = getattr(plugin, name)
    described = (plugin.Backend, plugin.TextBackend, plugin.TextLane, plugin.Context)
    if not isinstance(value, type) or value in described:
        return False
    return value.__module__.startswith("benchrace") and not issubclass(value, Exception)


def _value(name: str) -> str:
    type_: type = getattr(plugin, name)
    parts = [f"### `{name}`", docstring(type_) if not _is_generated(type_) else ""]
    if issubclass(type_, msgspec.Struct) and type_.__struct_fields__ and type_ is not plugin.Lane:
        parts.append(structs.fields(type_))
    elif hasattr(type_, "__members__"):
        parts.append(", ".join(f"`{member.value}`" for member in type_))  # type: ignore[attr-defined]
    elif inspect.get_annotations(type_):
        parts.append(_attributes(type_))
    parts.append(_members(type_))
    return "\n\n".join(part for part in parts if part)


def _members(of: type) -> str:
    """List the methods and properties of a value that say what they do, one a line."""
    rows = []
    for name, member in _methods(of):
        words = first_line(docstring(member))
        if isinstance(member, property):
            assert member.fget is not None
            head = f"{name}: {_type(inspect.signature(member.fget).return_annotation)}"
        else:
            head = " ".join(_head(name, member).split()).replace("( ", "(").replace(", )", ")")
        rows.append(f"- `{head}`{f': {words}' if words else ''}")
    return "\n".join(rows)


def _is_error(name: str) -> bool:
    value = getattr(plugin, name)
    return isinstance(value, type) and issubclass(value, Exception)


def _error(name: str) -> str:
    type_: type[Exception] = getattr(plugin, name)
    call = block(f"{name}{_signature(inspect.signature(type_), returns=False)}", "python")
    return "\n\n".join(part for part in (f"### `{name}`", call, docstring(type_)) if part)


def _is_function(name: str) -> bool:
    return inspect.isfunction(getattr(plugin, name))


def _is_generated(type_: type) -> bool:
    """Recognise a dataclass's generated docstring."""
    return docstring(type_).startswith(f"{type_.__name__}(")


def _type(kind: object) -> str:
    text = kind if isinstance(kind, str) else inspect.formatannotation(kind)
    return _MODULE.sub("", text.replace("'", "")).replace("~", "")


class _Nothing:
    """Stands for "there is no default"."""
