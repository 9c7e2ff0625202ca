"""The settings of this machine: those of `agent.yaml` before central's, before the defaults."""

import logging
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchrace import structs
from benchrace.agent.folders import Folders
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.settings import AgentSettings
from benchrace.config.machine_settings import (
    NAMES,
    MachineSettings,
    combined,
    of_values,
    source,
)
from benchrace.errors import BenchraceError
from benchrace.notifier import Notifier
from benchrace.protocol.machine_settings import SettingsReport, SettingUsed
from benchrace.store import atomic

log = logging.getLogger(__name__)


class CentralSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What central wants, kept by the agent for its next start."""

    version: int = 0
    settings: dict[str, Any] = {}


NOTHING = CentralSettings()


def path_of(settings: AgentSettings) -> Path:
    """Return where an agent keeps what central wants."""
    return settings.data / "agents" / f"{settings.machine_id}.settings.json"


def read(path: Path) -> CentralSettings:
    """Read what central wanted last; a file that cannot be read is none. Blocks."""
    try:
        return structs.decode(path.read_bytes(), CentralSettings)
    except FileNotFoundError:
        return NOTHING
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read, so central's settings are not used: %s", path, error)
        return NOTHING


class SettingsKeeper:
    """`current` are the settings in use; `changed` notifies when the report is new."""

    def __init__(
        self, settings: AgentSettings, slot: Slot, stored: CentralSettings = NOTHING
    ) -> None:
        self._defaults = settings.defaults
        self._local = settings.local
        self._path = path_of(settings)
        self._slot = slot
        self._wanted = stored
        self._one_by_one = anyio.Lock()
        self.folders = Folders(settings.data)
        self.changed = Notifier()
        self._use(stored)

    def _use(self, wanted: CentralSettings) -> None:
        self._applied = wanted
        self._central, self._ignored = of_values(wanted.settings)
        self.current = combined(self._defaults, self._local, self._central)

    async def apply(self, wanted: CentralSettings) -> None:
        """Take up what central wants as soon as nothing is measured, and keep it on disk."""
        self._wanted = wanted
        self.changed.notify()
        async with self._one_by_one:
            await self._slot.free()
            if self._wanted is not wanted:
                # Something newer waits behind this one.
                return
            if wanted != self._applied:
                await self._store(wanted)
                self._use(wanted)
                await self.look()
            self.changed.notify()

    async def look(self) -> None:
        """Look at the folders again."""
        before = self.folders.reports
        current = self.current
        named = {"models_dir": current.models_dir, "model_share": current.model_share}
        await self.folders.look(named)
        if self.folders.reports != before:
            self.changed.notify()

    def report(self) -> SettingsReport:
        """Describe the settings that are used."""
        pending = self._wanted != self._applied
        return SettingsReport(
            version=self._applied.version,
            used={
                name: SettingUsed(
                    value=getattr(self.current, name),
                    source=source(name, self._local, self._central),
                )
                for name in NAMES
            },
            folders=self.folders.reports,
            ignored=self._ignored,
            waiting="a job or an operation is running" if pending else None,
        )

    @property
    def local(self) -> MachineSettings:
        """What `agent.yaml` sets."""
        return self._local

    async def _store(self, wanted: CentralSettings) -> None:
        data = msgspec.json.encode(wanted)
        try:
            await anyio.to_thread.run_sync(atomic.write, self._path, data)
        except BenchraceError as error:
            log.warning("central's settings will be lost at the next start: %s", error)
