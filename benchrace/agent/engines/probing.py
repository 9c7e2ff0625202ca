"""Probing of engines: all by one worker, and each plugin by its own once that has failed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import anyio
import msgspec

from benchrace import structs
from benchrace.agent.engines.idle import remembered
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.one_shot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.readiness import Probe, Problem
from benchrace.protocol.agent_worker import ProbeOrder, WorkerSetup

T = TypeVar("T")
Tables = dict[str, dict[str, Any]]
_PROBE_S = 60.0


class Prober:
    """`probes` are the last answers by backend; `problems` say by plugin why it has no new one.

    `refs` are the plugins that were asked last.
    """

    def __init__(self, settings: AgentSettings, plugins: Plugins, slot: Slot) -> None:
        self._settings = settings
        self._plugins = plugins
        self._slot = slot
        self._apart = False
        self.refs: tuple[PluginRef, ...] = ()
        self.probes: dict[str, Probe] = {}
        self.problems: dict[str, tuple[Problem, ...]] = {}

    async def probe(self, tables: Tables, changed: Callable[[], object]) -> None:
        """Probe the engines of every usable plugin, and call `changed` after each answer.

        Raises Busy.
        """
        refs = self._plugins.refs
        if refs != self.refs:
            self._apart = False
        self.refs = refs
        if not self._apart:
            error = await self._ask(refs, tables)
            # One plugin that hangs or dies when it is imported ends the worker of all: which one?
            self._apart = error is not None and len(refs) > 1
            if not self._apart:
                self._note(refs, error)
                changed()
        if self._apart:
            await self._ask_apart(refs, tables, changed)

    def unprobed(self, backends: Iterable[str]) -> tuple[str, ...]:
        """Return those of `backends` that have no probe yet."""
        return tuple(name for name in dict.fromkeys(backends) if name not in self.probes)

    def learn(self, probes: Mapping[str, Probe]) -> None:
        """Take up new probes."""
        for name, probe in probes.items():
            self.probes[name] = remembered(self.probes.get(name), probe)

    async def _ask_apart(
        self, refs: tuple[PluginRef, ...], tables: Tables, changed: Callable[[], object]
    ) -> None:
        busy: list[Busy] = []

        async def ask_one(ref: PluginRef) -> None:
            try:
                self._note((ref,), await self._ask((ref,), tables))
                changed()
            except Busy as error:
                busy.append(error)

        async with anyio.create_task_group() as group:
            for ref in refs:
                group.start_soon(ask_one, ref)
        if busy:
            raise busy[0]

    async def _ask(self, refs: tuple[PluginRef, ...], tables: Tables) -> BenchraceError | None:
        """Probe with one worker; return the error, or None on success. Raises Busy."""
        setup = WorkerSetup(plugins=refs, config=tables, log_dir=self._settings.log_dir)
        order = ProbeOrder(setup=setup)
        try:
            async with self._slot.aside():
                result = await ask(self._settings.worker_command, order, _PROBE_S)
            probes = converted(result, dict[str, Probe])
        except Busy:
            raise
        except BenchraceError as error:
            return error
        self.learn(probes)
        return None

    def _note(self, refs: tuple[PluginRef, ...], error: BenchraceError | None) -> None:
        for ref in refs:
            self.problems[ref.name] = () if error is None else (_problem(error),)


def _problem(error: BenchraceError) -> Problem:
    return Problem(message=f"probing failed: {error}", remedy=error.remedy, detail=error.detail)


def converted(result: Any, kind: type[T]) -> T:
    """Convert a worker's answer; raises `plugin_error` where it makes no sense."""
    try:
        return structs.convert(result, kind)
    except msgspec.ValidationError as error:
        raise BenchraceError(
            Category.PLUGIN_ERROR,
            f"invalid answer from a worker: {error}",
            "Update the plugin.",
        ) from error
