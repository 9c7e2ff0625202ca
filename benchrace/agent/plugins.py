"""The installed plugins: each is described by a worker of its own, in parallel."""

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.abc
import msgspec

from benchrace import __version__, structs
from benchrace.agent.installed_plugins import Stamp, newest_file, restart_reason, stamp
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.jobs.worker_process import WorkerCommand
from benchrace.agent.one_shot import ask
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.host.entry_points import GROUP, PluginRef, discover
from benchrace.plugin.host.name_conflicts import reject_conflicts
from benchrace.plugin.readiness import Problem
from benchrace.protocol.agent_worker import DESCRIBE_S, DescribeOrder, WorkerSetup
from benchrace.store import atomic

log = logging.getLogger(__name__)
_AFTER_JOB_S = 1.0
_READY_S = 5.0
_LOOK_S = 2.0
# A plugin that hangs keeps a processor or an engine busy: it is not tried every minute.
_HANGING_RETRY_S = 600.0


class _Entry:
    """One installed entry point, and how far its description has got."""

    def __init__(self, ref: PluginRef, key: str) -> None:
        self.ref = ref
        self.key = key
        self.scope = anyio.CancelScope()
        self.running = False
        self.retry_at = 0.0
        self.description = PluginDescription(
            name=ref.name,
            module=ref.module,
            distribution=ref.distribution,
            version=ref.version,
            pending=True,
        )

    @property
    def due(self) -> bool:
        """True where it should be described now: what broke it may be outside of the plugin."""
        return not self.running and not self.description.ok and time.monotonic() >= self.retry_at


class Plugins:
    """Describes entry points while `run` runs; a plugin that is slow or hangs delays no other.

    `described` has every installed plugin, also those that are broken or pending; `refs` are the
    entry points that can be used, `restart` says why this process has to be started again before
    it can use any. `changed` notifies when one of them is new.
    """

    def __init__(
        self,
        cache: Path,
        command: WorkerCommand,
        slot: Slot,
        limit_s: float = DESCRIBE_S,
        group: str = GROUP,
    ) -> None:
        self._cache = cache
        self._command = command
        self._group = group
        self._slot = slot
        self._limit_s = limit_s
        self._entries: dict[PluginRef, _Entry] = {}
        self._requests = Notifier()
        self._progress = Notifier()
        self._scanned = -1
        self._ready_until = time.monotonic() + _READY_S
        self.changed = Notifier()
        self.restart: Problem | None = None
        self.refs: tuple[PluginRef, ...] = ()
        self.described: tuple[PluginDescription, ...] = ()

    @property
    def waiting(self) -> bool:
        """True while any plugin waits for its first description."""
        return self._scanned < 0 or any(plugin.pending for plugin in self.described)

    async def run(self) -> None:
        """Describe what is new, changed or broken, at first and on request; until cancelled."""
        before = await anyio.to_thread.run_sync(stamp)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, before)
            while True:
                seen = self._requests.count
                try:
                    await self._scan(tasks)
                except (BenchraceError, OSError) as error:
                    log.warning("the installed plugins cannot be listed: %s", error)
                self._scanned = seen
                self._settle()
                await self._requests.wait(seen)

    async def refresh(self, limit_s: float = float("inf")) -> None:
        """Look again at what is installed; return once all is described, or after `limit_s`."""
        self._requests.notify()
        wanted = self._requests.count
        with anyio.move_on_after(limit_s):
            while self._scanned < wanted or any(e.running for e in self._entries.values()):
                await self._progress.wait()

    async def once(self, waiting: Callable[[tuple[str, ...]], None] | None = None) -> None:
        """Describe everything once; `waiting` hears which plugins are still being described."""

        async def report() -> None:
            while True:
                names = tuple(plugin.name for plugin in self.described if plugin.pending)
                if names and waiting is not None:
                    waiting(names)
                await self.changed.wait()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.run)
            tasks.start_soon(report)
            await self.refresh()
            tasks.cancel_scope.cancel()

    async def ready(self) -> None:
        """Wait until every plugin is described, though no longer than 5 s after the start."""
        with anyio.move_on_after(max(0.0, self._ready_until - time.monotonic())):
            while self.waiting:
                await self._progress.wait()

    async def listed(self) -> None:
        """Wait until it is known which plugins are installed; none of their code has run then."""
        while self._scanned < 0:
            await self._progress.wait()

    async def usable_changed(self, before: tuple[PluginRef, ...]) -> None:
        """Wait until the usable entry points are others than `before`."""
        while self.refs == before:
            await self.changed.wait()

    def for_backends(self, names: frozenset[str], kind: str | None) -> tuple[PluginRef, ...]:
        """Return the entry points that a job with these backends has to import."""
        wanted = {
            plugin.name
            for plugin in self.described
            if plugin.ok
            and (names & {backend.name for backend in plugin.backends} or kind in plugin.kinds)
        }
        return tuple(ref for ref in self.refs if ref.name in wanted)

    async def _watch(self, before: Stamp) -> None:
        """Look again soon after something was installed or removed; never while a job measures."""
        while True:
            await anyio.sleep(_LOOK_S)
            await self._slot.free()
            now = await anyio.to_thread.run_sync(stamp)
            if now != before:
                before = now
                self._requests.notify()

    async def _scan(self, tasks: anyio.abc.TaskGroup) -> None:
        restart = await anyio.to_thread.run_sync(restart_reason)
        refs = await anyio.to_thread.run_sync(discover, self._group)
        entries: dict[PluginRef, _Entry] = {}
        for ref in refs:
            key = await anyio.to_thread.run_sync(_key, ref)
            entry = self._entries.get(ref)
            entries[ref] = entry if entry is not None and entry.key == key else _Entry(ref, key)
        for ref, entry in self._entries.items():
            if entries.get(ref) is not entry:
                entry.scope.cancel()
        self._entries = entries
        if restart != self.restart:
            self.restart = restart
            self.changed.notify()
        for entry in entries.values():
            if entry.due:
                entry.running = True
                tasks.start_soon(self._describe, entry)

    def _settle(self) -> None:
        entries = self._entries.values()
        before = self.described
        self.described = reject_conflicts(tuple(entry.description for entry in entries))
        usable = {plugin.name for plugin in self.described if plugin.ok}
        self.refs = tuple(ref for ref in self._entries if ref.name in usable)
        self._progress.notify()
        if self.described != before:
            self.changed.notify()

    async def _describe(self, entry: _Entry) -> None:
        with entry.scope:
            path = self._cache / f"{entry.key}.json"
            cached = await anyio.to_thread.run_sync(_read, path)
            entry.description = cached or await self._ask_when_idle(entry)
            if cached is None and entry.description.ok:
                try:
                    data = msgspec.json.encode(entry.description)
                    await anyio.to_thread.run_sync(atomic.write_private, path, data)
                except BenchraceError as error:
                    log.warning("%s cannot be written: %s", path, error)
        entry.running = False
        self._settle()

    async def _ask_when_idle(self, entry: _Entry) -> PluginDescription:
        while True:
            try:
                async with self._slot.aside():
                    return await self._ask(entry)
            except Busy:
                await self._slot.free()
                await anyio.sleep(_AFTER_JOB_S)

    async def _ask(self, entry: _Entry) -> PluginDescription:
        order = DescribeOrder(setup=WorkerSetup(plugins=(entry.ref,)), limit_s=self._limit_s)
        try:
            result = await ask(self._command, order, self._limit_s)
            return structs.convert(result, PluginDescription)
        except msgspec.ValidationError as error:
            return broken(entry.ref, str(error), None)
        except BenchraceError as error:
            words = str(error)
            if error.category is Category.TIMEOUT_IDLE:
                entry.retry_at = time.monotonic() + _HANGING_RETRY_S
                words = (
                    f"its import or one of its hooks did not return within {self._limit_s:g} s; "
                    "a plugin must not wait for anything when it is imported"
                )
            return broken(entry.ref, words, error.detail)


def broken(ref: PluginRef, error: str, traceback: str | None) -> PluginDescription:
    """Describe a plugin that cannot be used."""
    return PluginDescription(
        name=ref.name,
        module=ref.module,
        distribution=ref.distribution,
        version=ref.version,
        error=error,
        traceback=traceback,
    )


def _key(ref: PluginRef) -> str:
    """Name what the description depends on: also the newest file, for a plugin being written."""
    text = f"{ref.identity} {__version__} {newest_file(ref)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(path: Path) -> PluginDescription | None:
    try:
        return structs.decode(path.read_bytes(), PluginDescription)
    except (OSError, msgspec.DecodeError):
        return None
