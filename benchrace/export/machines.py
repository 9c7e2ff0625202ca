"""What is known of the machines of a run, out of the capabilities that it keeps as they were."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.run.metadata import RunMetadata

_SHOWN = (
    ("Label", ("label",)),
    ("Product", ("hardware", "product")),
    ("Processor", ("hardware", "cpu", "model")),
    ("Architecture", ("hardware", "cpu", "architecture")),
    ("Usable threads", ("hardware", "cpu", "usable_threads")),
    ("System", ("hardware", "os", "name")),
    ("System version", ("hardware", "os", "version")),
    ("Kernel", ("hardware", "os", "kernel")),
    ("Virtualisation", ("hardware", "virtualisation")),
    ("Agent", ("version",)),
    ("Fingerprint", ("fingerprint",)),
)
GIB = 1 << 30


def machine_rows(run: RunMetadata) -> tuple[tuple[str, ...], ...]:
    """List machine, what, and value; what an older or newer agent does not tell is left out."""
    return tuple(
        (machine_id, what, value)
        for machine_id in dict.fromkeys(lane.machine_id for lane in run.lanes)
        for what, value in _told(run.machines.get(machine_id))
    )


def at(told: Any, *path: str) -> Any:
    """Look up a nested value, null where there is none."""
    for step in path:
        told = told.get(step) if isinstance(told, Mapping) else None
    return told


def _told(capabilities: Any) -> Iterator[tuple[str, str]]:
    told = msgspec.to_builtins(capabilities)
    for what, path in _SHOWN:
        value = at(told, *path)
        if value is not None and not isinstance(value, Mapping | list):
            yield what, str(value)
    memory = at(told, "hardware", "memory", "total_bytes")
    if isinstance(memory, int | float):
        yield "Memory", f"{memory / GIB:.1f} GiB"
    gpus = at(told, "hardware", "gpus")
    for gpu in gpus if isinstance(gpus, list) else ():
        driver = at(gpu, "driver_version")
        yield "GPU", f"{at(gpu, 'name') or 'unknown'}" + (f", driver {driver}" if driver else "")
    environment = at(told, "environment")
    if isinstance(environment, Mapping):
        said = [f"{name} {value}" for name, value in environment.items() if _plain(value)]
        if said:
            yield "Environment", ", ".join(said)


def _plain(value: Any) -> bool:
    return value is not None and value is not False and not isinstance(value, Mapping | list)
