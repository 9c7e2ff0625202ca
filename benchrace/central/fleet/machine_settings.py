"""What central wants of its machines' settings, by version, kept over a restart."""

from pathlib import Path
from typing import Any

import msgspec
from anyio import Lock, to_thread

from benchrace import structs
from benchrace.central.fleet.machine import Machine
from benchrace.config.machine_settings import MachineSettings
from benchrace.errors import BenchraceError, Category
from benchrace.ids import MachineId
from benchrace.protocol.agent_central import ApplySettings
from benchrace.store import atomic


class WantedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A machine's settings; `version` rises with every change, from 0 for none."""

    version: int = 0
    settings: MachineSettings = MachineSettings()


class SettingsStore:
    """Settings by machine, in one file that is written when they change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wanted: dict[str, WantedSettings] = {}
        self._saving = Lock()

    def load(self) -> None:
        """Read the file; blocking. Raises `system` where it is damaged."""
        try:
            data = self._path.read_bytes()
            self._wanted = structs.decode(data, dict[MachineId, WantedSettings])
        except FileNotFoundError:
            return
        except OSError as error:
            raise atomic.failure(self._path, error) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BenchraceError(
                Category.SYSTEM,
                f"{self._path} cannot be read: {error}",
                "Repair or remove the file; it holds the settings of the machines.",
            ) from error

    def get(self, machine_id: str) -> WantedSettings:
        """Return what central wants of a machine."""
        return self._wanted.get(machine_id, WantedSettings())

    async def put(self, machine_id: str, version: int, settings: MachineSettings) -> WantedSettings:
        """Replace the settings that have `version`.

        Raises `busy` where somebody has changed them since, and what the disk refuses.
        """
        async with self._saving:
            before = self.get(machine_id)
            if version != before.version:
                raise BenchraceError(
                    Category.BUSY,
                    f"the settings of {machine_id} were changed meanwhile: they have version "
                    f"{before.version}, not {version}",
                    "Read the settings again, and repeat your change.",
                )
            if settings == before.settings:
                return before
            wanted = WantedSettings(version=version + 1, settings=settings)
            await self._save({**self._wanted, machine_id: wanted})
            return wanted

    async def forget(self, machine_id: str) -> None:
        """Remove the settings of a machine."""
        async with self._saving:
            if machine_id in self._wanted:
                left = {name: one for name, one in self._wanted.items() if name != machine_id}
                await self._save(left)

    def message(self, machine_id: str) -> ApplySettings:
        """Build what the machine's agent is sent."""
        wanted = self.get(machine_id)
        return ApplySettings(version=wanted.version, settings=_values(wanted.settings))

    def post(self, machine: Machine) -> None:
        """Send a machine its settings, if its agent is linked and takes them."""
        if machine.session is not None and machine.takes_settings:
            machine.session.post(self.message(machine.machine_id))

    async def _save(self, wanted: dict[str, WantedSettings]) -> None:
        data = msgspec.json.format(msgspec.json.encode(wanted), indent=1) + b"\n"
        await to_thread.run_sync(atomic.write_private, self._path, data)
        self._wanted = wanted


def _values(settings: MachineSettings) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(settings)
    return {name: value for name, value in values.items() if value is not None}
