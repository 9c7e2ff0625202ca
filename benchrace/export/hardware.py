"""Machines in a few words, from the capabilities that a run stores as they were."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace.export.machines import at
from benchrace.formatting import listed, memory_size, plural
from benchrace.run.metadata import RunMetadata, machine_labels, occupied

# What adds nothing to a processor's name: marks, the word for it, its clock.
_NOISE = re.compile(r"\((?:R|TM|C)\)|\b(?:CPU|Processor)\b|@ .*$", re.IGNORECASE)
_VIRTUAL = {"kvm": "KVM", "vmware": "VMware", "hyperv": "Hyper-V", "xen": "Xen", "wsl": "WSL"}


def hardware(capabilities: Any) -> str:
    """Return processor, memory, GPUs and hypervisor; empty where the agent reported none."""
    return ", ".join(_parts(msgspec.to_builtins(capabilities)))


def hardware_line(run: RunMetadata) -> str:
    """Return the hardware of a run's machines, named where there are several."""
    texts = {machine_id: hardware(run.machines.get(machine_id)) for machine_id in _ids(run)}
    names = machine_labels(run)
    alike = set(texts.values())
    if len(texts) == 1:
        return next(text or names[machine_id] for machine_id, text in texts.items())
    if len(alike) == 1:
        return ", ".join(filter(None, (f"{len(texts)} machines", *alike)))
    return "; ".join(
        f"{names[machine_id]}: {text or 'unknown'}" for machine_id, text in texts.items()
    )


def shorter_lines(run: RunMetadata) -> Iterator[str]:
    """Yield the hardware in fewer and fewer words, none of them cut: for where room is short."""
    yield hardware_line(run)
    ids = _ids(run)
    if len(ids) == 1:
        parts = list(_parts(msgspec.to_builtins(run.machines.get(ids[0]))))
        yield from (", ".join(parts[:most]) for most in range(len(parts) - 1, 0, -1))
        return
    names = list(map(machine_labels(run).__getitem__, ids))
    yield listed(names)
    for most in range(len(names) - 1, 0, -1):
        yield f"{', '.join(names[:most])} and {len(names) - most} more"
    yield f"{len(names)} machines"


def _ids(run: RunMetadata) -> list[str]:
    return list(occupied(run))


def _parts(facts: Any) -> Iterator[str]:
    model = at(facts, "hardware", "cpu", "model")
    if isinstance(model, str) and (name := " ".join(_NOISE.sub(" ", model).split())):
        yield name
    cores = at(facts, "hardware", "cpu", "physical_cores")
    threads = at(facts, "hardware", "cpu", "usable_threads")
    if isinstance(cores, int):
        yield plural(cores, "core")
    elif isinstance(threads, int):
        yield plural(threads, "thread")
    memory = at(facts, "hardware", "memory", "total_bytes")
    if isinstance(memory, int | float):
        yield memory_size(memory)
    gpus = at(facts, "hardware", "gpus")
    names = [at(gpu, "name") or "unknown GPU" for gpu in gpus] if isinstance(gpus, list) else []
    for name in dict.fromkeys(names):
        yield f"{names.count(name)}x {name}" if names.count(name) > 1 else str(name)
    virtual = at(facts, "hardware", "virtualisation")
    if isinstance(virtual, str):
        yield _VIRTUAL.get(virtual, virtual)
