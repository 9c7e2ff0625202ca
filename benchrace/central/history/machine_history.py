"""How a machine changed from run to run: hardware, driver, operating system, and versions."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from benchrace.api.machines import MachineChange, MachineHistory, MachinePeriod
from benchrace.central.history.observations import Observation, Seen, SeenGpu
from benchrace.formatting import memory_size, quantity


def machine_history(
    machine_id: str, observations: Iterable[Observation], *, complete: bool
) -> MachineHistory:
    """Join observations, given oldest first, to periods without a change.

    What a run does not say, as the version of an engine that was stopped, counts as unchanged, and
    so does what an earlier run did not say.
    """
    first: dict[str, str] = {}
    latest: dict[str, str] = {}
    periods: list[MachinePeriod] = []
    for observation in observations:
        now = dict(properties(observation.machine))
        changes = tuple(
            MachineChange(name=name, before=latest[name], after=value)
            for name, value in now.items()
            if latest.get(name, value) != value
        )
        first, latest = now | first, latest | now
        if changes or not periods:
            at, run_id = observation.at, observation.run_id
            periods.append(MachinePeriod(since=at, run_id=run_id, runs=0, changes=changes))
        periods[-1] = msgspec.structs.replace(periods[-1], runs=periods[-1].runs + 1)
    return MachineHistory(
        machine_id=machine_id, first=first, periods=tuple(reversed(periods)), complete=complete
    )


def properties(machine: Seen) -> Iterator[tuple[str, str]]:
    """Yield what is known of a machine, by name, as people read it."""
    cpu, gpus, system = machine.hardware.cpu, machine.hardware.gpus, machine.hardware.os
    memory = machine.hardware.memory.total_bytes
    every = {
        "Product": machine.hardware.product,
        "Processor": cpu.model,
        "Cores": _number(cpu.physical_cores),
        "Threads": _number(cpu.logical_cores),
        "Usable threads": _number(cpu.usable_threads),
        "Memory": None if memory is None else memory_size(memory),
        "GPUs": _counted(_gpu(gpu) for gpu in gpus) or "none",
        "GPU driver": _distinct(gpu.driver_version for gpu in gpus),
        "GPU power limit": _distinct(_watts(gpu.power_limit_w) for gpu in gpus),
        "Operating system": " ".join(filter(None, (system.name, system.version))),
        "Kernel": system.kernel,
        "Virtualisation": machine.hardware.virtualisation,
        "Runs in": ", ".join(machine.environment.layers),
        "CPU governor": machine.environment.power.governor,
        "benchrace": machine.version,
        **{backend.description.title: backend.engine_version for backend in machine.backends},
    }
    return ((name, value) for name, value in every.items() if value)


def _gpu(gpu: SeenGpu) -> str:
    memory = None if gpu.vram_bytes is None else memory_size(gpu.vram_bytes)
    return " ".join(filter(None, (gpu.name or gpu.vendor or "unknown", memory)))


def _counted(texts: Iterable[str]) -> str:
    counts = Counter(texts).items()
    return ", ".join(f"{count}x {text}" if count > 1 else text for text, count in counts)


def _distinct(texts: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(filter(None, texts)))


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _watts(limit: float | None) -> str | None:
    return None if limit is None else quantity(limit, "W")
