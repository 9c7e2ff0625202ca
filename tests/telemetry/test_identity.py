"""The fingerprint names what a machine can do, and nothing else."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from benchrace.telemetry.detection import detect
from benchrace.telemetry.hardware import (
    AcceleratorType,
    Cpu,
    Gpu,
    GpuKind,
    Hardware,
    Memory,
    OperatingSystem,
    Virtualisation,
)
from benchrace.telemetry.identity import fingerprint, identity, rounded

Recorded = Callable[[str], Any]
GIB = 1 << 30
replace = msgspec.structs.replace

kinds = st.sampled_from(list(GpuKind))
gpus = st.builds(
    lambda kind, name, size: Gpu(index=0, kind=kind, vendor="V", name=name, vram_bytes=size),
    kinds,
    st.sampled_from(["A", "B", None]),
    st.sampled_from([8 * GIB, 24 * GIB, None]),
)
machines = st.builds(
    lambda cores, memory, cards: Hardware(
        cpu=Cpu(model="CPU", architecture="x86_64", physical_cores=cores, logical_cores=cores),
        memory=Memory(total_bytes=memory, usable_bytes=memory),
        gpus=tuple(replace(card, index=index) for index, card in enumerate(cards)),
        accelerator_type=AcceleratorType.CPU,
        os=OperatingSystem(name="Linux", kernel="6.1"),
    ),
    st.integers(1, 256),
    st.sampled_from([8 * GIB, 32 * GIB, 96 * GIB]),
    st.lists(gpus, max_size=4),
)


@given(machines, st.text(), st.randoms())
def test_what_does_not_count(machine: Hardware, text: str, random: Any) -> None:
    cards = [replace(gpu, uuid=text, driver_version=text, ready=True) for gpu in machine.gpus]
    random.shuffle(cards)
    other = replace(
        machine,
        gpus=tuple(replace(card, index=index) for index, card in enumerate(cards)),
        os=OperatingSystem(name=text, version=text, kernel=text),
        product=text,
        notes=(text,),
        virtualisation=Virtualisation.XEN,
        cpu=replace(machine.cpu, max_mhz=len(text), features=(text,)),
    )
    assert fingerprint(other) == fingerprint(machine)


@given(machines)
def test_what_counts(machine: Hardware) -> None:
    cpu, memory = machine.cpu, machine.memory
    cores = (cpu.physical_cores or 0) + 1
    others = [
        replace(machine, cpu=replace(cpu, model="other")),
        replace(machine, cpu=replace(cpu, physical_cores=cores)),
        replace(machine, cpu=replace(cpu, logical_cores=cores)),
        replace(machine, cpu=replace(cpu, usable_threads=cores)),
        replace(machine, memory=replace(memory, total_bytes=(memory.total_bytes or 0) * 2)),
        replace(machine, gpus=(*machine.gpus, Gpu(index=9, kind=GpuKind.AMD, vendor="AMD"))),
        replace(machine, gpus=(Gpu(index=0, kind=GpuKind.NVIDIA, vendor="V", name="new"),)),
    ]
    assert len({fingerprint(other) for other in [machine, *others]}) == len(others) + 1


@given(
    st.sampled_from([1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024]),
    st.floats(0, 0.06),
)
def test_what_firmware_keeps_does_not_count(installed_gib: int, visible_gib: float) -> None:
    assert rounded(int(installed_gib * GIB * (1 - visible_gib))) == installed_gib * GIB


@given(st.integers(1, 1 << 50))
def test_rounding_is_up_by_a_quarter_at_most(size: int) -> None:
    up = rounded(size)
    assert up is not None
    assert size <= up <= size * 1.25
    assert rounded(up) == up


def test_unknown_memory_stays_unknown() -> None:
    assert rounded(None) is None
    assert rounded(0) is None


def test_driver_and_kernel_stand_beside_it(recorded: Recorded) -> None:
    hardware = detect(recorded("server-two-gpus").root)
    beside = identity(hardware)
    assert beside.fingerprint == fingerprint(hardware)
    assert (beside.driver, beside.kernel) == ("550.90.07", "5.14.0-427.el9.x86_64")
    assert len(beside.fingerprint) == 16
    int(beside.fingerprint, 16)


def test_a_quota_is_another_machine(recorded: Recorded) -> None:
    machine = recorded("docker-quota")
    limited = fingerprint(detect(machine.root))
    machine.write("/sys/fs/cgroup/cpu.max", "max 100000")
    assert fingerprint(detect(machine.root)) != limited
