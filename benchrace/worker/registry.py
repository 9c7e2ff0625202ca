"""The backends that this worker loads, by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.plugin import Backend, Workload
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.loader import BrokenPlugin, LoadedPlugin, load_all
from benchrace.worker.params import configuration


class Registry:
    """Loads `refs`; `config` holds the backends' own tables. Broken plugins stay values."""

    def __init__(self, refs: Sequence[PluginRef], config: Mapping[str, Mapping[str, Any]]) -> None:
        loaded = load_all(refs)
        self._config = config
        self.broken = tuple(plugin for plugin in loaded if isinstance(plugin, BrokenPlugin))
        self.backends: dict[str, type[Backend]] = {
            backend.name: backend
            for plugin in loaded
            if isinstance(plugin, LoadedPlugin)
            for backend in plugin.backends
        }

    def has_table(self, name: str) -> bool:
        """Check whether agent.yaml has a table for a backend."""
        return name in self._config

    def make(self, name: str) -> Backend:
        """Create a backend with its configuration; raises `BenchraceError`, or what it raises."""
        backend = self.backends.get(name)
        if backend is None:
            raise self._missing(name)
        try:
            config = configuration(self._config.get(name), backend.config)
        except msgspec.ValidationError as error:
            # Not a field of what was asked: it stands in the machine's own file.
            raise BenchraceError(
                Category.VALIDATION,
                f"invalid table {name} in this machine's agent.yaml: {error}",
                f"Correct the table {name} in agent.yaml.",
            ) from error
        return backend(config)

    def workload(self, name: str, kind: str) -> Workload:
        """Find what backend `name` offers of `kind`; raises `BenchraceError`."""
        backend = self.backends.get(name)
        if backend is None:
            raise self._missing(name)
        for workload in backend.workloads:
            if workload.kind.name == kind:
                return workload
        offered = ", ".join(workload.kind.name for workload in backend.workloads)
        raise InvalidInput(FieldError("kind", f"backend {name} offers {offered}, not {kind!r}"))

    def _missing(self, name: str) -> BenchraceError:
        if self.broken:
            errors = "; ".join(f"{plugin.ref.name}: {plugin.error}" for plugin in self.broken)
            return BenchraceError(
                Category.PLUGIN_ERROR,
                f"backend {name!r} could not be loaded ({errors})",
                detail=self.broken[0].traceback,
            )
        return InvalidInput(
            FieldError("backend", f"no installed plugin offers {name!r}"),
            "Install the plugin on that machine, or choose another backend.",
        )
