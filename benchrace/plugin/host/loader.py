"""Load plugins one by one; a broken one becomes a value and does not affect the others."""

import difflib
import inspect
import pkgutil
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy

from benchrace.kinds import Kind
from benchrace.plugin import hookspecs
from benchrace.plugin.backend import Backend
from benchrace.plugin.host import name_conflicts
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.validation import InvalidPlugin, backends_of, kinds_of

_PREFIX = "benchrace_"


@dataclass(frozen=True, kw_only=True)
class LoadedPlugin:
    """A plugin that follows the rules."""

    ref: PluginRef
    backends: tuple[type[Backend], ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, kw_only=True)
class BrokenPlugin:
    """A plugin that does not follow the rules, with what its author needs to know."""

    ref: PluginRef
    error: str
    traceback: str | None = None


def load(ref: PluginRef) -> LoadedPlugin | BrokenPlugin:
    """Import one entry point and call its hooks; raises nothing, whatever the plugin does."""
    try:
        module = pkgutil.resolve_name(ref.module)
    except BaseException as error:  # noqa: BLE001 - may be `sys.exit` at import
        return _broken(ref, f"it cannot be imported: {_format_error(error)}", error)
    try:
        return _call_hooks(ref, module)
    except InvalidPlugin as error:
        return BrokenPlugin(ref=ref, error=str(error))
    except pluggy.PluginValidationError as error:
        return BrokenPlugin(ref=ref, error=f"a hook is declared wrongly: {error}")
    except BaseException as error:  # noqa: BLE001 - a hook may raise anything
        return _broken(ref, f"one of its hooks failed: {_format_error(error)}", error)


def load_all(refs: Sequence[PluginRef]) -> tuple[LoadedPlugin | BrokenPlugin, ...]:
    """Load all plugins, then reject those that share a plugin, backend or kind name."""
    plugins = [load(ref) for ref in refs]
    conflicts = name_conflicts.find_conflicts([_names(plugin) for plugin in plugins])
    return tuple(
        plugin
        if error is None or isinstance(plugin, BrokenPlugin)
        else BrokenPlugin(ref=plugin.ref, error=error)
        for plugin, error in zip(plugins, conflicts, strict=True)
    )


def _names(plugin: LoadedPlugin | BrokenPlugin) -> name_conflicts.PluginNames:
    if isinstance(plugin, BrokenPlugin):
        return name_conflicts.PluginNames(plugin.ref)
    return name_conflicts.PluginNames(
        plugin.ref,
        tuple(backend.name for backend in plugin.backends),
        tuple(kind.name for kind in plugin.kinds),
    )


def _call_hooks(ref: PluginRef, module: Any) -> LoadedPlugin:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _check_names(module)
    manager.register(module, ref.name)
    manager.check_pending()
    kinds = [kind for result in manager.hook.benchrace_kinds() for kind in kinds_of(result)]
    backends = [
        backend for result in manager.hook.benchrace_backends() for backend in backends_of(result)
    ]
    if not kinds and not backends:
        hooks = ", ".join(_hooks())
        raise InvalidPlugin(f"it offers nothing: implement one of {hooks}, each under @hookimpl")
    return LoadedPlugin(ref=ref, backends=tuple(backends), kinds=tuple(kinds))


def _check_names(module: Any) -> None:
    """Check for hooks that pluggy would silently ignore: misspelt or undecorated ones."""
    for name, function in inspect.getmembers(module, inspect.isroutine):
        marked = hasattr(function, f"{hookspecs.PROJECT}_impl")
        if marked and name not in _hooks():
            matches = difflib.get_close_matches(name, _hooks(), n=1)
            hint = f"did you mean {matches[0]}?" if matches else f"use {', '.join(_hooks())}"
            raise InvalidPlugin(f"unknown hook {name!r}: {hint}")
        if not marked and name.startswith(_PREFIX) and _is_own(function, module):
            raise InvalidPlugin(f"{name} is not marked: put @hookimpl above it")


def _is_own(function: Any, module: Any) -> bool:
    return not isinstance(module, ModuleType) or function.__module__ == module.__name__


def _hooks() -> list[str]:
    return [
        name
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(function, f"{hookspecs.PROJECT}_spec")
    ]


def _format_error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _broken(ref: PluginRef, error: str, cause: BaseException) -> BrokenPlugin:
    return BrokenPlugin(ref=ref, error=error, traceback="".join(traceback.format_exception(cause)))
