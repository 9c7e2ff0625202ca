"""How a machine changed from run to run."""

from typing import Any

import msgspec

from benchrace.api.machines import MachineChange, MachineHistory
from benchrace.central.history.machine_history import machine_history, properties
from benchrace.central.history.observations import Observation, Seen

GPU: dict[str, Any] = {"name": "RTX 4090", "vram_bytes": 24 << 30, "power_limit_w": 450.0}


def seen(*gpus: dict[str, Any], engine: str | None = "0.5", **other: Any) -> Seen:
    description = {"description": {"title": "Ollama"}, "engine_version": engine}
    return msgspec.convert(
        {"hardware": {"gpus": gpus}, "backends": [description], **other}, type=Seen
    )


def observed(*machines: Seen) -> MachineHistory:
    observations = (
        Observation(run_id=f"r{number}", at=float(number), machine=machine)
        for number, machine in enumerate(machines)
    )
    return machine_history("box", observations, complete=True)


def change(name: str, before: str, after: str) -> MachineChange:
    return MachineChange(name=name, before=before, after=after)


def test_runs_on_the_same_machine_are_one_period() -> None:
    old, new = GPU | {"driver_version": "550.1"}, GPU | {"driver_version": "560.2"}
    history = observed(seen(old), seen(old), seen(new), seen(new), seen(new))
    latest, first = history.periods
    assert (first.since, first.run_id, first.runs, first.changes) == (0.0, "r0", 2, ())
    assert history.first == {
        "GPUs": "RTX 4090 24 GiB",
        "GPU driver": "550.1",
        "GPU power limit": "450 W",
        "Ollama": "0.5",
    }
    assert (latest.since, latest.run_id, latest.runs) == (2.0, "r2", 3)
    assert latest.changes == (change("GPU driver", "550.1", "560.2"),)


def test_what_a_run_does_not_say_is_unchanged() -> None:
    stopped = seen(GPU, engine=None)
    history = observed(stopped, seen(GPU), stopped, seen(GPU), seen(GPU, engine="0.6"))
    latest, first = history.periods
    assert (first.runs, history.first["Ollama"]) == (4, "0.5")
    assert latest.changes == (change("Ollama", "0.5", "0.6"),)


def test_a_change_and_its_undoing_are_two_periods() -> None:
    two, one, _ = observed(seen(GPU, GPU), seen(), seen(GPU, GPU)).periods
    assert two.changes == (change("GPUs", "none", "2x RTX 4090 24 GiB"),)
    assert one.changes == (change("GPUs", "2x RTX 4090 24 GiB", "none"),)


def test_no_run_has_no_period() -> None:
    assert observed().periods == ()


def test_properties_are_named_as_people_read_them() -> None:
    machine = msgspec.convert(
        {
            "version": "1.2",
            "hardware": {
                "cpu": {"model": "Xeon", "physical_cores": 8, "usable_threads": 4},
                "memory": {"total_bytes": 64 << 30},
                "os": {"name": "Debian", "version": "13", "kernel": "6.18"},
                "virtualisation": "kvm",
            },
            "environment": {"layers": ["container"], "power": {"governor": "performance"}},
        },
        type=Seen,
    )
    assert dict(properties(machine)) == {
        "Processor": "Xeon",
        "Cores": "8",
        "Usable threads": "4",
        "Memory": "64 GiB",
        "GPUs": "none",
        "Operating system": "Debian 13",
        "Kernel": "6.18",
        "Virtualisation": "kvm",
        "Runs in": "container",
        "CPU governor": "performance",
        "benchrace": "1.2",
    }
