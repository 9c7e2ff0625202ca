"""One machine of the fleet: its capabilities, its liveness, and the offset of its clock."""

from typing import TYPE_CHECKING

import msgspec

from benchrace.central.fleet.condition import ClockWatch
from benchrace.central.fleet.overrides import overridden
from benchrace.central.fleet.workloads import Described, describe
from benchrace.config.machines import MachineEntry
from benchrace.errors import BenchraceError, Category
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.notifier import Notifier
from benchrace.plugin.readiness import Problem
from benchrace.protocol.agent_central import Hello
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.liveness import KeepAlive, Liveness
from benchrace.protocol.machine_settings import SettingsReport
from benchrace.protocol.offset import Offset, OffsetEstimate

if TYPE_CHECKING:
    from benchrace.central.fleet.session import Session

LABEL_CHARS = 200


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A runtime sample of a machine, and when central received it, in wall seconds."""

    sampled_at: float
    sample: RuntimeSamplePayload


class Machine:
    """A machine, known by its id for good; `session` is its open link, if there is one.

    `address` is where it was dialled or came from, `peer_address` the IP address of its link.
    `heard_ns` is null until its first message since central started. `entry` is its entry in
    `machines.yaml`, `listed` the same until its agent links. `not_dialled` is the reason why
    central, which dials it, did not reach it. `stopped` is set where its agent said goodbye before
    it ended. `changed` notifies of new capabilities, and when the link closes.
    """

    def __init__(self, machine_id: str, label: str, host_id: str = "") -> None:
        self.machine_id = machine_id
        self.label = label
        self.host_id = host_id
        self.share_host = False
        self.excluded = False
        self.simulated = False
        self.stopped = False
        self.version: str | None = None
        self.instance = ""
        self.address: str | None = None
        self.peer_address: str | None = None
        self.connected_at: float | None = None
        self.heard_ns: int | None = None
        self.session: Session | None = None
        self.capabilities: Capabilities | None = None
        self.described: Described = {}
        self.clock = OffsetEstimate()
        self.clock_watch = ClockWatch()
        self.others: set[str] = set()
        self.listed: MachineEntry | None = None
        self.entry: MachineEntry | None = None
        self.not_dialled: str | None = None
        self.takes_settings = False
        self.settings_report: SettingsReport | None = None
        self.wrong_entry: Problem | None = None
        self.load: Load | None = None
        self.changed = Notifier()

    @classmethod
    def of(cls, entry: MachineEntry) -> "Machine":
        """Create a machine from `machines.yaml` whose agent has not linked yet."""
        machine = cls(entry.machine_id, entry.label or entry.machine_id)
        machine.excluded, machine.address = entry.excluded, entry.agent_base_url
        machine.listed = machine.entry = entry
        return machine

    @property
    def is_stored(self) -> bool:
        """Check whether it must be stored: false where `machines.yaml` has all that is known."""
        return self.listed is None or self.excluded != self.listed.excluded

    def join(self, hello: Hello, session: "Session", address: str | None, wall_s: float) -> None:
        """Attach a newly linked agent, with what its hello reports."""
        # Between two links the host may have been suspended, and its clock may have stopped.
        self.clock, self.clock_watch = OffsetEstimate(), ClockWatch()
        self.session, self.listed, self.stopped = session, None, False
        self.not_dialled = None
        self.instance, self.version = hello.instance, hello.version
        self.host_id, self.share_host = hello.host_id, hello.share_host
        self.takes_settings, self.settings_report = hello.takes_settings, None
        self.address, self.connected_at = address, wall_s
        self.learn(hello.capabilities)

    def learn(self, capabilities: Capabilities) -> None:
        """Store reported capabilities; the machine's entry in `machines.yaml` overrides them."""
        entry = self.entry
        self.capabilities, self.wrong_entry = capabilities, None
        if entry is not None and entry.gpu:
            self.capabilities, self.wrong_entry = overridden(capabilities, entry.gpu)
        self.simulated = capabilities.simulated
        self.described = describe(backend.description for backend in capabilities.backends)
        self.label = (entry and entry.label) or capabilities.label[:LABEL_CHARS]
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

    @property
    def why_no_settings(self) -> str | None:
        """Why it is not known which settings the agent uses; None if it is."""
        if self.settings_report is not None:
            return None
        if self.session is None:
            return "the machine is not linked"
        if not self.takes_settings:
            return "the agent takes no settings from central; update it"
        return "the agent has not reported its settings yet"

    def leave(self, session: "Session") -> None:
        """Detach a link that has closed, unless a newer one has replaced it."""
        if self.session is session:
            self.session = None
            self.connected_at = None
            self.load = None
            self.changed.notify()

    def liveness(self, keep: KeepAlive, now_ns: int) -> Liveness:
        """Return the liveness by the time since the last message; a closed link is suspect."""
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
