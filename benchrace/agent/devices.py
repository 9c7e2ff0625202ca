"""The GPUs of this machine as lanes choose them, and a lock for each that is measured."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchrace.agent import direct
from benchrace.agent.host import HostLock
from benchrace.errors import InvalidInput
from benchrace.link.capabilities import Capabilities
from benchrace.plugin.device import SOURCE, Device, find
from benchrace.run import schema as schemas
from benchrace.run.job import JobSpec
from benchrace.telemetry.hardware import Gpu


def devices(gpus: Iterable[Gpu]) -> tuple[Device, ...]:
    """Give the GPUs with the numbers that their vendors' own software gives them."""
    counted: Counter[str] = Counter()
    found = []
    for gpu in gpus:
        found.append(
            Device(
                index=gpu.index,
                kind=gpu.kind.value,
                number=counted[gpu.kind],
                uuid=gpu.uuid,
                name=gpu.name,
            )
        )
        counted[gpu.kind] += 1
    return tuple(found)


def chosen(spec: JobSpec, known: Capabilities, gpus: Sequence[Device]) -> tuple[Device, ...]:
    """Give the GPUs that the lanes of a job name; the worker refuses a name that is none."""
    found: dict[str, Device] = {}
    for lane in spec.lanes:
        workload = direct.workload(known, lane.backend, spec.kind)
        fields = {} if workload is None else schemas.fields(workload.params_schema)
        for name, part in fields.items():
            typed = lane.params.get(name)
            if part.get("choices") != SOURCE or not isinstance(typed, str):
                continue
            try:
                device = find(typed, gpus)
            except InvalidInput:
                continue
            if device is not None:
                found[device.key] = device
    return tuple(found[key] for key in sorted(found))


def lock(device: Device) -> HostLock:
    """Make the lock that every agent of this host and user takes before it measures a GPU."""
    name = re.sub(r"[^A-Za-z0-9-]", "_", device.key)[:80]
    path = Path(tempfile.gettempdir()) / f"benchrace-gpu-{os.getuid()}-{name}.lock"
    return HostLock(path, f"GPU {device.label}")
