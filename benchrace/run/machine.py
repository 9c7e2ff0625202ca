"""A machine as planning sees it: what it offers, and whether it can take part."""

from enum import StrEnum

import msgspec

from benchrace.plugin.description import BackendDescription, WorkloadDescription


class MachineState(StrEnum):
    """`suspect` has been silent for 6 s, `lost` for 30 s; `excluded` by a person."""

    READY = "ready"
    BUSY = "busy"
    SUSPECT = "suspect"
    LOST = "lost"
    EXCLUDED = "excluded"


class MachineView(msgspec.Struct, frozen=True, kw_only=True):
    """`host_id` is shared by agents of one host; `share_host` lets them race side by side.

    `models` are what each backend's engine has, by the backend's name; `silent` are the backends
    whose engine does not answer.
    """

    machine_id: str
    label: str
    state: MachineState
    host_id: str
    share_host: bool
    backends: tuple[BackendDescription, ...]
    models: dict[str, tuple[str, ...]] = {}
    silent: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """True while the machine can be given work, now or when its own job ends."""
        return self.state in (MachineState.READY, MachineState.BUSY)

    def workload(self, backend: str, kind: str) -> WorkloadDescription | None:
        """Find what `backend` offers of `kind`, None where it does not."""
        for offered in self.backends:
            if offered.name == backend:
                return next((each for each in offered.workloads if each.kind == kind), None)
        return None
