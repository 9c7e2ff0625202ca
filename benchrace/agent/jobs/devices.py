"""The GPUs of this machine as lanes choose them, and a lock for each that is measured."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from benchrace.agent.host_lock import HostLock, lock_dir
from benchrace.agent.jobs import standalone_job
from benchrace.errors import InvalidInput
from benchrace.plugin.engine.device import SOURCE, Device, find
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.run.planning import schema as schemas
from benchrace.telemetry.hardware import Gpu


def devices(gpus: Iterable[Gpu]) -> tuple[Device, ...]:
    """Return the GPUs with the numbers that their vendors' own software uses."""
    counted: Counter[str] = Counter()
    listed = []
    for gpu in gpus:
        listed.append(
            Device(
                index=gpu.index,
                kind=gpu.kind.value,
                number=counted[gpu.kind],
                uuid=gpu.uuid,
                name=gpu.name,
            )
        )
        counted[gpu.kind] += 1
    return tuple(listed)


def chosen(spec: JobSpec, capabilities: Capabilities, gpus: Sequence[Device]) -> tuple[Device, ...]:
    """Return the GPUs that the lanes of a job name; the worker refuses unknown names."""
    by_key: dict[str, Device] = {}
    for lane in spec.lanes:
        workload = standalone_job.workload(capabilities, lane.backend, spec.kind)
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
                by_key[device.key] = device
    return tuple(by_key[key] for key in sorted(by_key))


def lock(device: Device) -> HostLock:
    """Create the lock that every agent of this host and user takes before it measures a GPU."""
    name = re.sub(r"[^A-Za-z0-9-]", "_", device.key)[:80]
    path = lock_dir() / f"benchrace-gpu-{os.getuid()}-{name}.lock"
    return HostLock(path, f"GPU {device.label}")
