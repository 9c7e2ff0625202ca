"""Facts about a run's machines, read from the capabilities that it stores as they were."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.formatting import memory_size
from benchrace.run.metadata import RunMetadata

_SHOWN = (
    ("Label", ("label",)),
    ("Simulated", ("simulated",)),
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


def machine_rows(run: RunMetadata) -> tuple[tuple[str, ...], ...]:
    """List machine, what, and value; what an older or newer agent does not tell is left out."""
    return tuple(
        (machine_id, what, value)
        for machine_id in dict.fromkeys(name for lane in run.lanes for name in lane.occupies)
        for what, value in _facts(run.machines.get(machine_id))
    )


def at(value: Any, *path: str) -> Any:
    """Look up a nested value; None where it is missing."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _facts(capabilities: Any) -> Iterator[tuple[str, str]]:
    facts = msgspec.to_builtins(capabilities)
    for what, path in _SHOWN:
        value = at(facts, *path)
        if value is True:
            yield what, "yes"
        elif _plain(value):
            yield what, str(value)
    memory = at(facts, "hardware", "memory", "total_bytes")
    if isinstance(memory, int | float):
        yield "Memory", memory_size(memory)
    gpus = at(facts, "hardware", "gpus")
    for gpu in gpus if isinstance(gpus, list) else ():
        driver = at(gpu, "driver_version")
        limit = at(gpu, "power_limit_w")
        parts = (
            at(gpu, "name") or "unknown",
            f"driver {driver}" if driver else None,
            f"power limit {limit:g} W" if isinstance(limit, int | float) else None,
        )
        yield "GPU", ", ".join(part for part in parts if part)
    environment = at(facts, "environment")
    if isinstance(environment, Mapping):
        details = [f"{name} {value}" for name, value in environment.items() if _plain(value)]
        if details:
            yield "Environment", ", ".join(details)


def _plain(value: Any) -> bool:
    return value is not None and value is not False and not isinstance(value, Mapping | list)
