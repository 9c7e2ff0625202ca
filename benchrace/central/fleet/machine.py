"""One machine of the fleet: its capabilities, its liveness, and its clock's offset."""

from typing import TYPE_CHECKING

import msgspec

from benchrace.central.fleet.workloads import Described, describe
from benchrace.config.machines import MachineEntry
from benchrace.errors import BenchraceError, Category
from benchrace.formatting import duration
from benchrace.notifier import Notifier
from benchrace.protocol.agent_central import Hello
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.liveness import KeepAlive, Liveness
from benchrace.protocol.offset import Offset, OffsetEstimate
from benchrace.run.machine import MachineState, MachineView

if TYPE_CHECKING:
    from benchrace.central.fleet.session import Session

LABEL_CHARS = 200


class MachineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as people see it. `reason` says in words why it is not ready.

    `described` has its workloads' descriptions, encoded.
    `offset_ns` is its monotonic clock minus central's. `connected_at` is wall seconds, null while
    no link is open; `address` is where the last link came from.
    """

    view: MachineView
    capabilities: Capabilities | None
    reason: str | None
    excluded: bool
    address: str | None
    connected_at: float | None
    version: str | None
    run_id: str | None = None
    offset_ns: int | None = None
    uncertainty_ns: int | None = None
    described: Described = {}


class Machine:
    """A machine, known by its id for good; `session` is its open link, if there is one.

    `heard_ns` is null for one that has not been heard since this central began. `listed` is its
    entry in `machines.yaml` until its agent links. `stopped` says that its agent said goodbye, as
    one does that is stopped. `changed` wakes when it has learnt something, or its link closes.
    """

    def __init__(self, machine_id: str, label: str, host_id: str = "") -> None:
        self.machine_id = machine_id
        self.label = label
        self.host_id = host_id
        self.share_host = False
        self.excluded = False
        self.stopped = False
        self.version: str | None = None
        self.instance = ""
        self.address: str | None = None
        self.connected_at: float | None = None
        self.heard_ns: int | None = None
        self.session: Session | None = None
        self.capabilities: Capabilities | None = None
        self.described: Described = {}
        self.clock = OffsetEstimate()
        self.others: set[str] = set()
        self.listed: MachineEntry | None = None
        self.changed = Notifier()

    @classmethod
    def of(cls, entry: MachineEntry) -> "Machine":
        """Create a machine from `machines.yaml` whose agent has not linked yet."""
        machine = cls(entry.machine_id, entry.label or entry.machine_id)
        machine.excluded, machine.address = entry.excluded, entry.agent_base_url
        machine.listed = entry
        return machine

    @property
    def is_stored(self) -> bool:
        """Check whether it must be stored: false where `machines.yaml` has all that is known."""
        return self.listed is None or self.excluded != self.listed.excluded

    def join(self, hello: Hello, session: "Session", address: str | None, wall_s: float) -> None:
        """Attach a newly linked agent, and note what it says of itself."""
        # Between two links a host may have slept or booted, and its clock stood still.
        self.clock = OffsetEstimate()
        self.session, self.listed, self.stopped = session, None, False
        self.instance, self.version = hello.instance, hello.version
        self.host_id, self.share_host = hello.host_id, hello.share_host
        self.address, self.connected_at = address, wall_s
        self.learn(hello.capabilities)

    def learn(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.described = describe(backend.description for backend in capabilities.backends)
        self.label = capabilities.label[:LABEL_CHARS]
        self.changed.notify()

    @property
    def describing(self) -> bool:
        """Check whether a plugin there is waiting for its first description."""
        capabilities = self.capabilities
        return (
            self.session is not None
            and capabilities is not None
            and any(plugin.pending for plugin in capabilities.plugins)
        )

    def leave(self, session: "Session") -> None:
        """Forget a link that closed, unless a newer one has taken its place."""
        if self.session is session:
            self.session = None
            self.connected_at = None
            self.changed.notify()

    def liveness(self, keep: KeepAlive, now_ns: int) -> Liveness:
        """Judge by silence; one whose link has closed is suspect at once."""
        if self.heard_ns is None:
            return Liveness.LOST
        judged = keep.judge(self.heard_ns, now_ns)
        if judged is Liveness.ALIVE and self.session is None:
            return Liveness.SUSPECT
        return judged

    def offset(self, now_ns: int) -> Offset | None:
        return self.clock.at(now_ns)

    def check_entry(self, hello: Hello, keep: KeepAlive, now_ns: int) -> None:
        """Refuse a second agent of the same name while the first one may still live.

        The same process may come back at any time, and so may a restarted one on the same host
        once the old link has closed; another host must wait until the old one is lost or stopped.
        """
        if self.stopped or self.heard_ns is None or self.instance == hello.instance:
            return
        if self.session is None and self.host_id == hello.host_id:
            return
        if keep.judge(self.heard_ns, now_ns) is not Liveness.LOST:
            raise BenchraceError(
                Category.BUSY,
                f"another agent with the machine_id {self.machine_id!r} is linked from "
                f"{self.address or 'an unknown address'}",
                "Give one of the two another machine_id, or stop the other one.",
            )

    def status(self, keep: KeepAlive, now_ns: int, run_id: str | None) -> MachineStatus:
        """Describe the machine; `run_id` is the run that it works for."""
        liveness = self.liveness(keep, now_ns)
        state, reason = self._state(liveness, now_ns, run_id)
        offset = self.offset(now_ns)
        described = self.capabilities.backends if self.capabilities else ()
        return MachineStatus(
            view=MachineView(
                machine_id=self.machine_id,
                label=self.label,
                state=state,
                host_id=self.host_id,
                share_host=self.share_host,
                backends=tuple(backend.description for backend in described),
                models={
                    backend.description.name: tuple(model.name for model in backend.models)
                    for backend in described
                },
                digests={
                    backend.description.name: {
                        model.name: model.digest for model in backend.models if model.digest
                    }
                    for backend in described
                },
                engines={
                    backend.description.name: {
                        model.name: model.engines for model in backend.models if model.engines
                    }
                    for backend in described
                },
                silent=tuple(e.description.name for e in described if e.reachable is False),
                unusable=self._unusable(),
            ),
            capabilities=self.capabilities,
            reason=reason,
            excluded=self.excluded,
            address=self.address,
            connected_at=self.connected_at,
            version=self.version,
            run_id=run_id,
            offset_ns=offset.offset_ns if offset else None,
            uncertainty_ns=offset.uncertainty_ns if offset else None,
            described=self.described,
        )

    def _unusable(self) -> tuple[str, ...]:
        plugins = self.capabilities.plugins if self.capabilities else ()
        return tuple(plugin.unusable for plugin in plugins if plugin.unusable is not None)

    def _state(
        self, liveness: Liveness, now_ns: int, run_id: str | None
    ) -> tuple[MachineState, str | None]:
        if self.excluded:
            return MachineState.EXCLUDED, "excluded by an operator"
        if self.heard_ns is None:
            reason = "has not linked since this central started"
            return MachineState.LOST, reason if self.listed is None else "has never linked"
        if self.stopped:
            return MachineState.STOPPED, "its agent was stopped"
        silent = duration(now_ns - self.heard_ns)
        closed = ", and its link is closed" if self.session is None else ""
        match liveness:
            case Liveness.LOST:
                return MachineState.LOST, f"no message for {silent}{closed}"
            case Liveness.SUSPECT:
                return MachineState.SUSPECT, f"no message for {silent}{closed}"
            case Liveness.ALIVE if run_id is not None:
                return MachineState.BUSY, f"working on run {run_id}"
            case Liveness.ALIVE if self.others:
                return (
                    MachineState.BUSY,
                    f"working on job {min(self.others)}, started on the agent directly",
                )
            case _:
                return MachineState.READY, None
