"""The page of the plugin seam: hooks, the backend's methods, and what a context offers."""

import inspect
import re
from collections.abc import Iterator
from enum import Enum

import msgspec

from benchrace import plugin
from benchrace.plugin import spec
from docs.generator import structs
from docs.generator.markdown import block, page, said

HEAD = """\
A plugin is a distribution with an entry point in the group `{group}`. The entry point names a
module; the module implements hooks and may import `benchrace.plugin`, nothing else of benchrace.
Hooks are synchronous and only register: the work is in the classes that they return. A misspelt
hook, or one of the wrong arguments, is an error that `benchrace plugins` shows.

[Your first plugin](../tutorial/first-plugin.md) goes through a whole one."""

BACKEND = """\
The worker's runner calls these, in this order: `open`, then `round` as often as planned, then
`close`. It emits the events of rounds itself. Only `round` has to be written."""

LONGEST = 84
_MODULE = re.compile(r"\b(?:typing|collections\.abc|benchrace(?:\.\w+)+|msgspec)\.(?=[A-Z])")


def render() -> str:
    """Give the page."""
    return page(
        "Hooks and the plugin seam",
        HEAD.format(group=spec.PROJECT),
        "## Hooks",
        *(_function(name, hook) for name, hook in hooks()),
        "## `Backend`",
        said(plugin.Backend),
        BACKEND,
        _attributes(plugin.Backend),
        *(_function(name, each) for name, each in _methods(plugin.Backend)),
        "## `Context`",
        said(plugin.Context),
        *(_function(name, each) for name, each in _methods(plugin.Context)),
        "## Values",
        *(_value(name) for name in plugin.__all__ if _is_value(name)),
        "## All names",
        "`benchrace.plugin` exports "
        + ", ".join(f"`{each}`" for each in sorted(plugin.__all__))
        + ".",
    )


def hooks() -> Iterator[tuple[str, object]]:
    """Yield every hook with its name, in the order in which they stand."""
    for name, found in vars(spec).items():
        if hasattr(found, f"{spec.PROJECT}_spec"):
            yield name, found


def _function(name: str, found: object) -> str:
    if isinstance(found, property):
        assert found.fget is not None
        of = inspect.signature(found.fget).return_annotation
        return f"### `{name}`\n\n{block(f'{name}: {_type(of)}', 'python')}\n\n{said(found)}"
    assert callable(found)
    kind = "async def" if inspect.iscoroutinefunction(found) else "def"
    shape = block(f"{kind} {name}{_signature(inspect.signature(found))}", "python")
    return f"### `{name}`\n\n{shape}\n\n{said(found)}"


def _signature(of: inspect.Signature) -> str:
    parts: list[str] = []
    for each in of.parameters.values():
        if each.kind is each.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        known = "" if each.annotation is each.empty else f": {_type(each.annotation)}"
        parts.append(f"{each.name}{known}{'' if each.default is each.empty else _default(each)}")
    end = f" -> {_type(of.return_annotation)}"
    line = f"({', '.join(parts)}){end}"
    return line if len(line) <= LONGEST else "(\n    " + ",\n    ".join(parts) + f",\n){end}"


def _default(of: inspect.Parameter) -> str:
    return f" = {of.default!r}"


def _methods(of: type) -> Iterator[tuple[str, object]]:
    for name, found in vars(of).items():
        if not name.startswith("_") and (inspect.isfunction(found) or isinstance(found, property)):
            yield name, found


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
    found = getattr(plugin, name)
    if not isinstance(found, type) or found in (plugin.Backend, plugin.Context):
        return False
    return found.__module__.startswith("benchrace") and not issubclass(found, Exception)


def _value(name: str) -> str:
    found: type = getattr(plugin, name)
    parts = [f"### `{name}`", said(found) if not _made_up(found) else ""]
    if issubclass(found, msgspec.Struct) and found.__struct_fields__ and found is not plugin.Lane:
        parts.append(structs.fields(found))
    elif hasattr(found, "__members__"):
        parts.append(", ".join(f"`{member.value}`" for member in found))  # type: ignore[attr-defined]
    elif inspect.get_annotations(found):
        parts.append(_attributes(found))
    return "\n\n".join(part for part in parts if part)


def _made_up(found: type) -> bool:
    """Tell a dataclass's signature from words that somebody wrote."""
    return said(found).startswith(f"{found.__name__}(")


def _type(kind: object) -> str:
    text = kind if isinstance(kind, str) else inspect.formatannotation(kind)
    return _MODULE.sub("", text.replace("'", "")).replace("~", "")


class _Nothing:
    """Stands for "there is no default"."""
