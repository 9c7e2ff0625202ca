"""The backends that this worker was told to load, by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.plugin import Backend, Workload
from benchrace.plugin.entry_points import PluginRef
from benchrace.plugin.loader import Broken, Loaded, load_all
from benchrace.worker.params import configuration


class Registry:
    """Loads `refs`; `config` holds the backends' own tables. Broken plugins stay values."""

    def __init__(self, refs: Sequence[PluginRef], config: Mapping[str, Mapping[str, Any]]) -> None:
        loaded = load_all(refs)
        self._config = config
        self.broken = tuple(each for each in loaded if isinstance(each, Broken))
        self.backends: dict[str, type[Backend]] = {
            backend.name: backend
            for each in loaded
            if isinstance(each, Loaded)
            for backend in each.backends
        }

    def make(self, name: str) -> Backend:
        """Make a backend with its configuration; raises `BenchraceError`, or what it raises."""
        backend = self.backends.get(name)
        if backend is None:
            raise self._missing(name)
        try:
            config = configuration(self._config.get(name), backend.config)
        except msgspec.ValidationError as error:
            raise InvalidInput(
                FieldError(name, str(error)), "Correct the backend's table in agent.yaml."
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
            told = "; ".join(f"{each.ref.name}: {each.error}" for each in self.broken)
            return BenchraceError(
                Category.PLUGIN_ERROR,
                f"backend {name!r} could not be loaded ({told})",
                detail=self.broken[0].traceback,
            )
        return InvalidInput(
            FieldError("backend", f"no installed plugin offers {name!r}"),
            "Install the plugin on that machine, or choose another backend.",
        )
