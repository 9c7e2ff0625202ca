"""Lending: what a machine gives to a lane of another machine, so that one lane spans several."""

import msgspec

from benchrace.ids import LaneId, MachineId, RunId


class LentDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device that a worker offers; sizes in bytes, null where the engine does not tell."""

    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None


class Lending(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine is to lend to a lane of another one; `host` is the address to listen on.

    The agent of the machine fills in `host`; central cannot know it.
    """

    run_id: RunId
    lane_id: LaneId
    host: str = ""


class Lent(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker lends: where it listens, which build and protocol it speaks, and its devices.

    `endpoint` is `host:port`.
    """

    endpoint: str
    build: str | None = None
    protocol: str | None = None
    devices: tuple[LentDevice, ...] = ()


class Peer(Lent, frozen=True, kw_only=True):
    """What another machine lends to a lane."""

    machine_id: MachineId
    label: str
