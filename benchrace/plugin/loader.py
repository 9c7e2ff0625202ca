"""Load plugins one by one: what is broken is a value, and never takes anything else down."""

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
from benchrace.plugin import clash, spec
from benchrace.plugin.backend import Backend
from benchrace.plugin.entry_points import PluginRef
from benchrace.plugin.offer import Refused, backends_of, kinds_of

_PREFIX = "benchrace_"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A plugin that keeps the rules."""

    ref: PluginRef
    backends: tuple[type[Backend], ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A plugin that does not, with what its author needs to know."""

    ref: PluginRef
    error: str
    traceback: str | None = None


def load(ref: PluginRef) -> Loaded | Broken:
    """Import one entry point and ask its hooks; raises nothing, whatever the plugin does."""
    try:
        module = pkgutil.resolve_name(ref.module)
    except BaseException as error:  # noqa: BLE001 - `sys.exit` at import is one of them
        return _broken(ref, f"it cannot be imported: {_said(error)}", error)
    try:
        return _ask(ref, module)
    except Refused as error:
        return Broken(ref=ref, error=str(error))
    except pluggy.PluginValidationError as error:
        return Broken(ref=ref, error=f"a hook is declared wrongly: {error}")
    except BaseException as error:  # noqa: BLE001 - a hook may raise anything
        return _broken(ref, f"one of its hooks failed: {_said(error)}", error)


def load_all(refs: Sequence[PluginRef]) -> tuple[Loaded | Broken, ...]:
    """Load each, then refuse all that share a name, a backend's name or a kind's name."""
    loaded = [load(ref) for ref in refs]
    offers = [
        clash.Offer(
            each.ref, tuple(b.name for b in each.backends), tuple(k.name for k in each.kinds)
        )
        if isinstance(each, Loaded)
        else clash.Offer(each.ref)
        for each in loaded
    ]
    return tuple(
        each if error is None or isinstance(each, Broken) else Broken(ref=each.ref, error=error)
        for each, error in zip(loaded, clash.clashes(offers), strict=True)
    )


def _ask(ref: PluginRef, module: Any) -> Loaded:
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    _check_names(module)
    manager.register(module, ref.name)
    manager.check_pending()
    kinds = [kind for each in manager.hook.benchrace_kinds() for kind in kinds_of(each)]
    backends = [made for each in manager.hook.benchrace_backends() for made in backends_of(each)]
    if not kinds and not backends:
        hooks = ", ".join(_hooks())
        raise Refused(f"it offers nothing: implement one of {hooks}, each under @hookimpl")
    return Loaded(ref=ref, backends=tuple(backends), kinds=tuple(kinds))


def _check_names(module: Any) -> None:
    """Find hooks that would be passed over in silence: misspelt ones, and ones without a mark."""
    for name, found in inspect.getmembers(module, inspect.isroutine):
        marked = hasattr(found, f"{spec.PROJECT}_impl")
        if marked and name not in _hooks():
            near = difflib.get_close_matches(name, _hooks(), n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(_hooks())}"
            raise Refused(f"unknown hook {name!r}: {meant}")
        if not marked and name.startswith(_PREFIX) and _is_own(found, module):
            raise Refused(f"{name} is not marked: put @hookimpl above it")


def _is_own(found: Any, module: Any) -> bool:
    return not isinstance(module, ModuleType) or found.__module__ == module.__name__


def _hooks() -> list[str]:
    return [
        name
        for name, found in inspect.getmembers(spec, inspect.isfunction)
        if hasattr(found, f"{spec.PROJECT}_spec")
    ]


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _broken(ref: PluginRef, error: str, cause: BaseException) -> Broken:
    return Broken(ref=ref, error=error, traceback="".join(traceback.format_exception(cause)))
