"""One machine of the fleet: what its agent says, whether it lives, and how its clock stands."""

from typing import TYPE_CHECKING

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.link.capabilities import Capabilities
from benchrace.link.liveness import KeepAlive, Liveness
from benchrace.link.messages import Hello
from benchrace.link.offset import Offset, OffsetEstimate
from benchrace.run.machine import MachineState, MachineView

if TYPE_CHECKING:
    from benchrace.central.session import Session

LABEL_CHARS = 200


class MachineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as people see it. `reason` says in words why it is not ready.

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


class Machine:
    """Known by its id for good; `session` is its open link, if there is one.

    `heard_ns` is null for one that has not been heard since this central began.
    """

    def __init__(self, machine_id: str, label: str, host_id: str = "") -> None:
        self.machine_id = machine_id
        self.label = label
        self.host_id = host_id
        self.share_host = False
        self.excluded = False
        self.version: str | None = None
        self.instance = ""
        self.address: str | None = None
        self.connected_at: float | None = None
        self.heard_ns: int | None = None
        self.session: Session | None = None
        self.capabilities: Capabilities | None = None
        self.clock = OffsetEstimate()
        self.others: set[str] = set()

    def join(self, hello: Hello, session: "Session", address: str | None, wall_s: float) -> None:
        """Take what a newly linked agent says of itself."""
        # Between two links a host may have slept or booted, and its clock stood still.
        self.clock = OffsetEstimate()
        self.session = session
        self.instance, self.version = hello.instance, hello.version
        self.host_id, self.share_host = hello.host_id, hello.share_host
        self.address, self.connected_at = address, wall_s
        self.learn(hello.capabilities)

    def learn(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.label = capabilities.label[:LABEL_CHARS]

    def leave(self, session: "Session") -> None:
        """Forget a link that closed, unless a newer one has taken its place."""
        if self.session is session:
            self.session = None
            self.connected_at = None

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
        once the old link has closed; another host must wait until the old one is lost.
        """
        if self.heard_ns is None or self.instance == hello.instance:
            return
        if self.session is None and self.host_id == hello.host_id:
            return
        if keep.judge(self.heard_ns, now_ns) is not Liveness.LOST:
            raise BenchraceError(
                Category.BUSY,
                f"another agent called {self.machine_id!r} is linked from "
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
                backends=tuple(each.description for each in described),
                models={
                    each.description.name: tuple(model.name for model in each.models)
                    for each in described
                },
                silent=tuple(e.description.name for e in described if e.reachable is False),
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
        )

    def _state(
        self, liveness: Liveness, now_ns: int, run_id: str | None
    ) -> tuple[MachineState, str | None]:
        if self.excluded:
            return MachineState.EXCLUDED, "excluded by a person"
        if self.heard_ns is None:
            return MachineState.LOST, "has not linked since this central started"
        silent_s = (now_ns - self.heard_ns) / 1e9
        closed = ", and its link is closed" if self.session is None else ""
        match liveness:
            case Liveness.LOST:
                return MachineState.LOST, f"not heard for {silent_s:.0f} s{closed}"
            case Liveness.SUSPECT:
                return MachineState.SUSPECT, f"not heard for {silent_s:.1f} s{closed}"
            case Liveness.ALIVE if run_id is not None:
                return MachineState.BUSY, f"works for run {run_id}"
            case Liveness.ALIVE if self.others:
                return MachineState.BUSY, f"works on job {min(self.others)}, asked of it directly"
            case _:
                return MachineState.READY, None
