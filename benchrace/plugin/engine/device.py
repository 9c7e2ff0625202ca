"""Select the GPU that a lane's engine runs on.

A running engine cannot be moved: it gets its GPU from its environment when it is started.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput

SOURCE = "gpus"
_MIN_UUID_CHARS = 8

GpuName = Annotated[
    str,
    Meta(
        title="GPU",
        description="By number or UUID, for an engine that the agent starts; "
        "if empty, the engine chooses.",
        max_length=80,
        extra_json_schema={"choices": SOURCE},
    ),
]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU of this machine.

    `index` is its number on the machine, `number` its number in the software of its vendor
    (`kind`).
    """

    index: int
    kind: str
    number: int
    uuid: str | None = None
    name: str | None = None

    @property
    def key(self) -> str:
        """Its identifier on this machine, the same for every agent."""
        return self.uuid or f"{self.kind}-{self.number}"

    @property
    def label(self) -> str:
        """Its name for people, and in a result's identity."""
        names = ", ".join(name for name in (self.name, self.uuid) if name)
        return f"{self.index} ({names or self.kind})"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that make this the only GPU that an engine sees.

        AMD's two variables are applied in turn: HIP counts only the devices that ROCr leaves.
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
    """Find a GPU by its number, its UUID, or an unambiguous prefix of it; "" is None.

    Raises `InvalidInput` for the field `gpu`, listing the GPUs of this machine.
    """
    typed = gpu.strip().lower()
    if not typed:
        return None
    if not devices:
        raise gpu_error(f"unknown GPU {gpu.strip()!r}: this machine has no GPU")
    matches = [device for device in devices if _matches(device, typed)]
    if len(matches) != 1:
        labels = "; ".join(device.label for device in devices)
        what = "ambiguous" if matches else "unknown"
        raise gpu_error(f"{what} GPU {gpu.strip()!r}; this machine has {labels}")
    if matches[0].kind == "intel":
        raise gpu_error("cannot select one of several Intel GPUs for an engine")
    return matches[0]


def gpu_error(message: str) -> InvalidInput:
    """Return the error of a lane that cannot have its GPU."""
    remedy = "Choose one of this machine's GPUs by number or UUID, or leave the field empty."
    return InvalidInput(FieldError("gpu", message), remedy)


def _matches(device: Device, typed: str) -> bool:
    uuid = (device.uuid or "").lower()
    prefix = len(typed) >= _MIN_UUID_CHARS and uuid.startswith(typed)
    return typed in (str(device.index), uuid) or prefix
