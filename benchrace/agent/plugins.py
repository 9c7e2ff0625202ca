"""What the installed plugins offer, told by a worker each and remembered between starts."""

import hashlib
import importlib.util
import logging
from pathlib import Path

import anyio
import msgspec

from benchrace import __version__
from benchrace.agent.oneshot import ask
from benchrace.agent.slot import Busy, Slot
from benchrace.errors import BenchraceError
from benchrace.plugin.clash import refuse_clashes
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.entry_points import PluginRef, discover
from benchrace.run.control import DescribeOrder
from benchrace.store import atomic

log = logging.getLogger(__name__)
_LIMIT_S = 60.0


class Plugins:
    """Describes entry points; `refs` are those whose description is no error."""

    def __init__(self, cache: Path, command: tuple[str, ...], slot: Slot) -> None:
        self._cache = cache
        self._command = command
        self._slot = slot
        self._known: dict[str, PluginDescription] = {}
        self.refs: tuple[PluginRef, ...] = ()
        self.described: tuple[PluginDescription, ...] = ()

    async def refresh(self) -> bool:
        """Describe what is new, changed or was broken; true where anything did. Raises Busy in a
        job.
        """
        refs = await anyio.to_thread.run_sync(discover)
        known: dict[str, PluginDescription] = {}
        for ref in refs:
            key = await anyio.to_thread.run_sync(_key, ref)
            before = self._known.get(key)
            # What broke one may be outside of it, and mended by now.
            if before is None or not before.ok:
                before = await self._describe(ref, key)
            known[key] = before
        changed = known != self._known
        self._known = known
        self.described = refuse_clashes(tuple(known.values()))
        good = {each.name for each in self.described if each.ok}
        self.refs = tuple(ref for ref in refs if ref.name in good)
        return changed

    def for_backends(self, names: frozenset[str], kind: str | None) -> tuple[PluginRef, ...]:
        """Give the entry points that a job with these backends has to import."""
        wanted = {
            each.name
            for each in self.described
            if each.ok and (names & {one.name for one in each.backends} or kind in each.kinds)
        }
        return tuple(ref for ref in self.refs if ref.name in wanted)

    async def _describe(self, ref: PluginRef, key: str) -> PluginDescription:
        path = self._cache / f"{key}.json"
        kept = await anyio.to_thread.run_sync(_read, path)
        if kept is not None:
            return kept
        try:
            async with self._slot.aside():
                order = DescribeOrder(plugins=(ref,))
                result = await ask(self._command, order, _LIMIT_S)
            described = msgspec.convert(result, PluginDescription)
        except Busy:
            raise
        except (BenchraceError, msgspec.ValidationError) as error:
            detail = error.detail if isinstance(error, BenchraceError) else None
            return broken(ref, str(error), detail)
        if described.ok:
            try:
                await anyio.to_thread.run_sync(_write, path, described)
            except (BenchraceError, OSError) as error:
                log.warning("%s is not kept: %s", path, error)
        return described


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
    package = ref.module.split(":")[0].split(".")[0]
    newest = 0
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        newest = max(
            (file.stat().st_mtime_ns for file in Path(place).rglob("*.py")), default=newest
        )
    if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
        newest = max(newest, Path(spec.origin).stat().st_mtime_ns)
    text = f"{ref.identity} {__version__} {newest}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(path: Path) -> PluginDescription | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PluginDescription)
    except (OSError, msgspec.DecodeError):
        return None


def _write(path: Path, described: PluginDescription) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, msgspec.json.encode(described))
