"""Describe a profile as an agent describes its machine."""

from benchrace.agent.capabilities import Machine
from benchrace.telemetry.detection import accelerator
from benchrace.telemetry.environment import Environment, EnvironmentKind, Power
from benchrace.telemetry.hardware import (
    GIB,
    Cpu,
    Gpu,
    GpuKind,
    Hardware,
    Memory,
    OperatingSystem,
)
from benchrace.telemetry.identity import fingerprint
from benchrace_simulated.profiles import Profile

_NOTE = "simulated: this machine does not exist"


def machine(profile: Profile) -> Machine:
    """Return what telemetry would find on such a machine; it says that it is simulated."""
    memory = profile.memory_gb * GIB
    gpus = _gpus(profile, memory)
    kind, size = accelerator(gpus)
    hardware = Hardware(
        product=profile.product,
        cpu=Cpu(
            model=profile.cpu,
            vendor=profile.vendor,
            architecture=profile.architecture,
            physical_cores=profile.cores,
            logical_cores=profile.threads,
            usable_threads=profile.threads,
        ),
        memory=Memory(total_bytes=memory, usable_bytes=memory),
        gpus=gpus,
        accelerator_type=kind,
        accelerator_memory_gb=size,
        os=OperatingSystem(name=profile.system),
        notes=(f"product: {_NOTE}",),
    )
    native = EnvironmentKind.NATIVE
    return Machine(
        hardware=hardware,
        environment=Environment(
            kind=native, layers=(native,), power=Power(on_battery=False), notes=(_NOTE,)
        ),
        fingerprint=fingerprint(hardware),
    )


def _gpus(profile: Profile, memory: int) -> tuple[Gpu, ...]:
    chip = profile.chip
    if chip is None:
        return ()
    own = chip.memory_gb * GIB
    return (
        Gpu(
            index=0,
            kind=GpuKind(chip.kind),
            vendor=chip.vendor,
            name=chip.name,
            uuid=f"simulated-{profile.key}",
            vram_bytes=own or None,
            memory_bytes=own or memory,
            unified=not own,
            ready=True,
        ),
    )
