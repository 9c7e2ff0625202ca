"""All machines that this central knows, kept over a restart."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from anyio import Lock, to_thread

from benchrace import structs
from benchrace.central.fleet.machine import Machine
from benchrace.central.fleet.machine_settings import SettingsStore
from benchrace.central.fleet.status import MachineStatus, status_of
from benchrace.clock import Clock
from benchrace.config.machines import MachineEntry
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import MachineId
from benchrace.protocol.agent_central import FromCentral, Hello
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.liveness import KeepAlive
from benchrace.store import atomic
from benchrace.store.regular import open_regular

if TYPE_CHECKING:
    from benchrace.central.fleet.session import Session

FILE_BYTES = 1 << 24


class StoredMachine(msgspec.Struct, frozen=True, kw_only=True):
    """What `machines.json` has of a machine."""

    machine_id: MachineId
    label: str
    host_id: str = ""
    excluded: bool = False
    simulated: bool = False


class Fleet:
    """Machines by id. `path` is the file they are kept in; it is written when they change."""

    def __init__(self, path: Path, keep: KeepAlive, clock: Clock) -> None:
        self._path = path
        self._keep = keep
        self._clock = clock
        self._machines: dict[str, Machine] = {}
        self._listed: dict[str, MachineEntry] = {}
        self._saved = b""
        self._saving = Lock()
        self.settings = SettingsStore(path.with_name("machine_settings.json"))

    @property
    def keep(self) -> KeepAlive:
        return self._keep

    def __iter__(self) -> Iterator[Machine]:
        return iter(self._machines.values())

    def find(self, machine_id: str) -> Machine | None:
        return self._machines.get(machine_id)

    def get(self, machine_id: str) -> Machine:
        """Return a machine; raises `NotFound`."""
        if (machine := self._machines.get(machine_id)) is None:
            names = ", ".join(sorted(self._machines)[:12]) or "none yet"
            raise NotFound(f"unknown machine {machine_id[:80]!r}", f"Known machines: {names}.")
        return machine

    async def forget(self, machine_id: str) -> None:
        """Remove a machine that is not linked; raises `NotFound`, `busy`, or what `save` raises.

        One that links again later is a new machine.
        """
        machine = self.check_unlinked(machine_id)
        del self._machines[machine_id]
        try:
            await self.save()
        except BaseException:
            # The file still has it: what is seen now is what the next start sees.
            self._machines.setdefault(machine_id, machine)
            raise
        await self.settings.forget(machine_id)

    def check_unlinked(self, machine_id: str) -> Machine:
        """Return a machine; raises `NotFound`, and `busy` for one that is linked."""
        machine = self.get(machine_id)
        if machine.session is not None:
            raise BenchraceError(
                Category.BUSY,
                f"{machine_id} is linked, and would reappear immediately",
                "Stop its agent first, or exclude the machine from new runs.",
            )
        return machine

    def admit(self, hello: Hello) -> Machine:
        """Return the machine that an agent speaks for; raises `busy`."""
        machine_id = hello.capabilities.machine_id
        machine = self._machines.get(machine_id)
        if machine is None:
            machine = Machine(machine_id, hello.capabilities.label, hello.host_id)
            # One that was forgotten is still in `machines.yaml`.
            machine.entry = self._listed.get(machine_id)
            self._machines[machine_id] = machine
        machine.check_entry(hello, self._keep, self._clock.monotonic_ns())
        return machine

    def check_host(self, machine_id: str, host_id: str) -> None:
        """Raise `busy` for a name that a machine on another host has, linked or not."""
        machine = self._machines.get(machine_id)
        if machine is None or machine.host_id in ("", host_id):
            return
        where = machine.address or "an unknown address"
        how = "linked" if machine.session is not None else "last linked"
        raise BenchraceError(
            Category.BUSY,
            f"the machine_id {machine_id!r} is used by another host, {how} from {where}",
            "Choose another name with --machine-id, or have an operator remove that machine first.",
        )

    def close_links(self, is_valid: Callable[[str], bool]) -> None:
        """Close the links whose token is not valid any more, by its digest."""
        for machine in self._machines.values():
            if (session := machine.session) is not None and _is_revoked(session, is_valid):
                session.close()

    async def end_link(self, machine_id: str, is_valid: Callable[[str], bool]) -> None:
        """Close a machine's link if its token is not valid any more, and wait for its end."""
        machine = self.get(machine_id)
        while (session := machine.session) is not None and _is_revoked(session, is_valid):
            session.close()
            await machine.changed.wait()

    def is_agent(self, address: str) -> bool:
        """Check whether a machine is, or was last, linked from an address."""
        return any(machine.address == address for machine in self._machines.values())

    def post(self, machine_id: str, message: FromCentral) -> bool:
        """Send to a machine's agent; false where no link is open."""
        machine = self._machines.get(machine_id)
        if machine is None or machine.session is None:
            return False
        machine.session.post(message)
        return True

    async def probe(self, machine_id: str, limit_s: float) -> None:
        """Make a machine probe its engines again; raises `unreachable` or its failure."""
        machine = self.get(machine_id)
        if machine.session is None:
            raise BenchraceError(Category.UNREACHABLE, f"{machine_id} is not linked")
        result = await machine.session.requests.ask("probe", limit_s)
        try:
            machine.learn(structs.convert(result, Capabilities))
        except msgspec.ValidationError as error:
            raise BenchraceError(
                Category.SYSTEM, f"invalid answer from {machine_id}: {error}"
            ) from error

    def measure_clock(self, machine_id: str) -> None:
        """Measure the offset of a machine's clock again."""
        if (machine := self._machines.get(machine_id)) is not None and machine.session is not None:
            machine.session.measure_clock()

    def statuses(self, run_of: Callable[[str], str | None]) -> tuple[MachineStatus, ...]:
        """Describe all, sorted by id; `run_of` names the run that a machine works for."""
        now_ns = self._clock.monotonic_ns()
        return tuple(
            status_of(machine, self._keep, now_ns, run_of(name))
            for name, machine in sorted(self._machines.items())
        )

    def load(self) -> None:
        """Read the files; blocking. Raises `system` where one is damaged."""
        self.settings.load()
        try:
            with os.fdopen(open_regular(self._path), "rb") as file:
                self._saved = file.read(FILE_BYTES)
        except FileNotFoundError:
            return
        except OSError as error:
            raise atomic.failure(self._path, error) from error
        try:
            entries = structs.decode(self._saved, tuple[StoredMachine, ...])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BenchraceError(
                Category.SYSTEM,
                f"{self._path} cannot be read: {error}",
                "Repair or remove the file; it lists the known and the excluded machines.",
            ) from error
        for entry in entries:
            machine = Machine(entry.machine_id, entry.label, entry.host_id)
            machine.excluded = entry.excluded
            machine.simulated = entry.simulated
            self._machines[entry.machine_id] = machine

    def add(self, entries: Iterable[MachineEntry]) -> None:
        """Add the machines of `machines.yaml`, and what it says of those that are known."""
        for entry in entries:
            self._listed[entry.machine_id] = entry
            machine = self._machines.setdefault(entry.machine_id, Machine.of(entry))
            machine.entry = entry
            machine.label = entry.label or machine.label

    async def save(self) -> None:
        """Write the file where anything in it has changed."""
        async with self._saving:
            data = msgspec.json.format(msgspec.json.encode(list(self._entries())), indent=1) + b"\n"
            if data != self._saved:
                await to_thread.run_sync(atomic.write_private, self._path, data)
                self._saved = data

    def _entries(self) -> Iterable[StoredMachine]:
        stored = (
            (name, machine) for name, machine in sorted(self._machines.items()) if machine.is_stored
        )
        for name, machine in stored:
            yield StoredMachine(
                machine_id=name,
                label=machine.label,
                host_id=machine.host_id,
                excluded=machine.excluded,
                simulated=machine.simulated,
            )


def _is_revoked(session: "Session", is_valid: Callable[[str], bool]) -> bool:
    return session.token_sha256 is not None and not is_valid(session.token_sha256)
