"""Reject plugins that claim the same name; the error names all of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from benchrace.plugin.description import PluginDescription
from benchrace.plugin.host.entry_points import PluginRef


class PluginNames(NamedTuple):
    """The names that a plugin claims."""

    ref: PluginRef
    backends: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def find_conflicts(plugins: Sequence[PluginNames]) -> tuple[str | None, ...]:
    """Return for each plugin why it is rejected, None if all its names are unique."""
    return tuple(_conflict(plugin, plugins) for plugin in plugins)


def reject_conflicts(plugins: Sequence[PluginDescription]) -> tuple[PluginDescription, ...]:
    """Turn descriptions that claim the same name into broken ones."""
    conflicts = find_conflicts([_names(plugin) for plugin in plugins])
    return tuple(
        plugin
        if error is None or not plugin.ok
        else msgspec.structs.replace(plugin, backends=(), kinds=(), error=error)
        for plugin, error in zip(plugins, conflicts, strict=True)
    )


def _names(plugin: PluginDescription) -> PluginNames:
    ref = PluginRef(
        name=plugin.name,
        module=plugin.module,
        distribution=plugin.distribution,
        version=plugin.version,
    )
    return PluginNames(ref, tuple(backend.name for backend in plugin.backends), plugin.kinds)


def _conflict(plugin: PluginNames, plugins: Sequence[PluginNames]) -> str | None:
    groups: tuple[tuple[str, Callable[[PluginNames], tuple[str, ...]]], ...] = (
        ("plugin", lambda names: (names.ref.name,)),
        ("backend", lambda names: names.backends),
        ("kind", lambda names: names.kinds),
    )
    for what, names_of in groups:
        for name in names_of(plugin):
            claimants = [other for other in plugins if name in names_of(other)]
            if len(claimants) > 1:
                origins = " and ".join(_origin(claimant.ref) for claimant in claimants)
                return f"duplicate {what} {name!r} from {origins}; uninstall all but one"
    return None


def _origin(ref: PluginRef) -> str:
    where = f"{ref.distribution} {ref.version}" if ref.distribution else "an unknown distribution"
    return f"{where} ({ref.module})"
