"""A machine as planning sees it: what it offers, and whether it can take part."""

from enum import StrEnum

import msgspec

from benchrace.plugin.description import BackendDescription, WorkloadDescription


class MachineState(StrEnum):
    """`suspect` has been silent for 6 s, `lost` for 30 s; `excluded` by a person.

    `stopped` is one whose agent was stopped on purpose, and said so.
    """

    READY = "ready"
    BUSY = "busy"
    SUSPECT = "suspect"
    LOST = "lost"
    EXCLUDED = "excluded"
    STOPPED = "stopped"


class Condition(StrEnum):
    """What people are shown of a machine.

    A `degraded` machine has a problem, or has been silent for some seconds; one that is `offline`
    was stopped, has been silent for 30 s, or has never linked.
    """

    READY = "ready"
    BUSY = "busy"
    DEGRADED = "degraded"
    OFFLINE = "offline"


class MachineView(msgspec.Struct, frozen=True, kw_only=True):
    """`host_id` is shared by agents of one host; `share_host` lets them race side by side.

    `models` are what each backend's engine has, by the backend's name, and `digests` those of them
    that it tells a digest of; `engines` are the addresses of the engines that have them, by the
    name that a lane chooses one by, the default first; `silent` are the backends whose engine does
    not answer, `unusable` the plugins that are broken or not described yet, each with the reason.
    `reason` says why it is not ready. A `simulated` machine is invented.
    """

    machine_id: str
    label: str
    state: MachineState
    host_id: str
    share_host: bool
    backends: tuple[BackendDescription, ...]
    models: dict[str, tuple[str, ...]] = {}
    digests: dict[str, dict[str, str]] = {}
    engines: dict[str, dict[str, dict[str, str]]] = {}
    silent: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    reason: str | None = None
    simulated: bool = False

    @property
    def available(self) -> bool:
        """Check whether the machine can be given work, now or when its own job ends."""
        return self.state in (MachineState.READY, MachineState.BUSY)

    def workload(self, backend: str, kind: str) -> WorkloadDescription | None:
        """Find what `backend` offers of `kind`, None where it does not."""
        for offered in self.backends:
            if offered.name == backend:
                return next(
                    (workload for workload in offered.workloads if workload.kind == kind), None
                )
        return None
