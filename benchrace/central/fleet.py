"""All machines that this central knows, kept over a restart."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from anyio import Lock, to_thread

from benchrace.central.machine import Machine, MachineStatus
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import is_name
from benchrace.link.capabilities import Capabilities
from benchrace.link.liveness import KeepAlive
from benchrace.link.messages import FromCentral, Hello
from benchrace.store import atomic

FILE_BYTES = 1 << 24


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a machine."""

    machine_id: str
    label: str
    host_id: str = ""
    excluded: bool = False


class Fleet:
    """Machines by id. `path` is the file they are kept in; it is written when they change."""

    def __init__(self, path: Path, keep: KeepAlive, clock: Clock) -> None:
        self._path = path
        self._keep = keep
        self._clock = clock
        self._machines: dict[str, Machine] = {}
        self._saved = b""
        self._saving = Lock()

    @property
    def keep(self) -> KeepAlive:
        return self._keep

    def __iter__(self) -> Iterator[Machine]:
        return iter(self._machines.values())

    def find(self, machine_id: str) -> Machine | None:
        return self._machines.get(machine_id)

    def get(self, machine_id: str) -> Machine:
        """Find a machine; raises `NotFound`."""
        if (machine := self._machines.get(machine_id)) is None:
            known = ", ".join(sorted(self._machines)[:12]) or "none yet"
            raise NotFound(
                f"there is no machine {machine_id[:80]!r}", f"Choose one that is known: {known}."
            )
        return machine

    def admit(self, hello: Hello) -> Machine:
        """Give the machine that an agent speaks for; raises `validation` or `busy`."""
        machine_id = hello.capabilities.machine_id
        if not is_name(machine_id):
            raise BenchraceError(
                Category.VALIDATION,
                f"{machine_id[:80]!r} cannot name a machine",
                "Set machine_id in agent.yaml to 1-64 letters, digits, dots, dashes.",
            )
        machine = self._machines.get(machine_id)
        if machine is None:
            machine = Machine(machine_id, hello.capabilities.label, hello.host_id)
            self._machines[machine_id] = machine
        machine.check_entry(hello, self._keep, self._clock.monotonic_ns())
        return machine

    def post(self, machine_id: str, message: FromCentral) -> bool:
        """Send to a machine's agent; false where no link is open."""
        machine = self._machines.get(machine_id)
        if machine is None or machine.session is None:
            return False
        machine.session.post(message)
        return True

    async def probe(self, machine_id: str, limit_s: float) -> None:
        """Have a machine look at its engines again; raises `unreachable` or its failure."""
        machine = self.get(machine_id)
        if machine.session is None:
            raise BenchraceError(Category.UNREACHABLE, f"{machine_id} is not linked")
        result = await machine.session.asks.ask("probe", limit_s)
        try:
            machine.learn(msgspec.convert(result, Capabilities))
        except msgspec.ValidationError as error:
            raise BenchraceError(
                Category.SYSTEM, f"the answer of {machine_id} cannot be read: {error}"
            ) from error

    def sound(self, machine_id: str) -> None:
        """Have the offset of a machine's clock measured anew."""
        if (machine := self._machines.get(machine_id)) is not None and machine.session is not None:
            machine.session.sound()

    def statuses(self, run_of: Callable[[str], str | None]) -> tuple[MachineStatus, ...]:
        """Describe all, sorted by id; `run_of` names the run that a machine works for."""
        now_ns = self._clock.monotonic_ns()
        return tuple(
            machine.status(self._keep, now_ns, run_of(name))
            for name, machine in sorted(self._machines.items())
        )

    def load(self) -> None:
        """Read the file; blocking. Raises `system` where it is damaged."""
        try:
            with self._path.open("rb") as file:
                self._saved = file.read(FILE_BYTES)
        except FileNotFoundError:
            return
        except OSError as error:
            raise atomic.failure(self._path, error) from error
        try:
            known = msgspec.json.decode(self._saved, type=tuple[Known, ...])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BenchraceError(
                Category.SYSTEM,
                f"{self._path} cannot be read: {error}",
                "Repair or remove the file; it holds which machines are known and excluded.",
            ) from error
        for each in known:
            machine = Machine(each.machine_id, each.label, each.host_id)
            machine.excluded = each.excluded
            self._machines[each.machine_id] = machine

    async def save(self) -> None:
        """Write the file where anything in it has changed."""
        async with self._saving:
            data = msgspec.json.format(msgspec.json.encode(list(self._known())), indent=1) + b"\n"
            if data != self._saved:
                await to_thread.run_sync(_write, self._path, data)
                self._saved = data

    def _known(self) -> Iterable[Known]:
        for name, machine in sorted(self._machines.items()):
            yield Known(
                machine_id=name,
                label=machine.label,
                host_id=machine.host_id,
                excluded=machine.excluded,
            )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, data)
