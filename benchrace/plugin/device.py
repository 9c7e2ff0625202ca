"""Which GPU a lane's engine is to run on: found by what a person typed, handed over by its vendor.

Nobody can move an engine that runs: a GPU is given to one that is started, by its environment.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput

SOURCE = "gpus"
_LEAST_OF_UUID = 8

GpuName = Annotated[
    str,
    Meta(
        title="GPU",
        description="By number or UUID, for an engine that the agent starts; "
        "empty leaves it to the engine.",
        max_length=80,
        extra_json_schema={"choices": SOURCE},
    ),
]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU of this machine. `index` is its number on the machine, `number` the one that its
    vendor's (`kind`) own software gives it.
    """

    index: int
    kind: str
    number: int
    uuid: str | None = None
    name: str | None = None

    @property
    def key(self) -> str:
        """What it is called on this machine, whichever agent asks."""
        return self.uuid or f"{self.kind}-{self.number}"

    @property
    def label(self) -> str:
        """For people, and for a result's identity."""
        known = ", ".join(each for each in (self.name, self.uuid) if each)
        return f"{self.index} ({known or self.kind})"

    @property
    def environment(self) -> Mapping[str, str]:
        """What an engine is started with, so that this is the only GPU that it sees.

        AMD's two variables count one after the other: of what ROCr leaves, HIP takes the first.
        A Mac has one GPU, and no variable for it.
        """
        match self.kind:
            case "nvidia" if self.uuid is not None:
                return {"CUDA_VISIBLE_DEVICES": self.uuid}
            case "nvidia":
                number = str(self.number)
                return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": number}
            case "amd":
                return {"ROCR_VISIBLE_DEVICES": str(self.number), "HIP_VISIBLE_DEVICES": "0"}
            case _:
                return {}


def find(gpu: str, devices: Sequence[Device]) -> Device | None:
    """Find what a person typed: a number, a UUID, or its unmistakable beginning; "" is None.

    Raises `InvalidInput` for the field `gpu`, with what is there.
    """
    typed = gpu.strip().lower()
    if not typed:
        return None
    if not devices:
        raise refused(f"this machine has no GPU, so there is no GPU {gpu.strip()!r}")
    found = [each for each in devices if _is(each, typed)]
    if len(found) != 1:
        there = "; ".join(each.label for each in devices)
        what = "there is no GPU" if not found else "several GPUs are called"
        raise refused(f"{what} {gpu.strip()!r} here; there is {there}")
    if found[0].kind == "intel":
        raise refused("there is no sure way to give an engine one of several GPUs of Intel")
    return found[0]


def refused(message: str) -> InvalidInput:
    """Make what is raised where a lane cannot have its GPU."""
    remedy = "Choose one that is there, by number or UUID, or leave the field empty."
    return InvalidInput(FieldError("gpu", message), remedy)


def one_gpu(engine: str) -> InvalidInput:
    """Make what is raised where two lanes that are open together want one engine on two GPUs."""
    return refused(
        f"{engine} cannot run on two GPUs at the same time, and another lane has it on "
        "another one: give each GPU a server of its own, or let lanes take turns (resident one)"
    )


def _is(device: Device, typed: str) -> bool:
    uuid = (device.uuid or "").lower()
    begins = len(typed) >= _LEAST_OF_UUID and uuid.startswith(typed)
    return typed in (str(device.index), uuid) or begins
