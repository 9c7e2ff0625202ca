"""A Mac, from sysctl and system_profiler."""

import re

import msgspec

from benchrace import structs
from benchrace.telemetry.cpu.cpu import architecture_of, usable_threads
from benchrace.telemetry.cpu.features import features
from benchrace.telemetry.hardware import (
    Caches,
    CoreGroup,
    CoreKind,
    Cpu,
    Gpu,
    GpuKind,
    Memory,
    Notes,
    OperatingSystem,
    Virtualisation,
)
from benchrace.telemetry.machine_root import Root, whole
from benchrace.telemetry.system.cgroup import Limits

_FEATURES = {
    "hw.optional.neon": "neon",
    "hw.optional.AdvSIMD": "neon",
    "hw.optional.arm.FEAT_DotProd": "dotprod",
    "hw.optional.arm.FEAT_FP16": "fp16",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_SME": "sme",
    "hw.optional.arm.FEAT_SME2": "sme2",
    "hw.optional.arm.FEAT_LSE": "atomics",
    "hw.optional.arm.FEAT_SHA256": "sha2",
    "hw.optional.arm.FEAT_AES": "aes",
}
# Intel Macs name these as Intel does.
_INTEL_FLAGS = {"AVX1.0": "avx", "SSE4.2": "sse4_2"}
_UNTOLD = "macOS does not report it"


class _Display(msgspec.Struct):
    """One entry of `SPDisplaysDataType`; the report has many more keys."""

    name: str = msgspec.field(name="_name", default="")
    model: str = msgspec.field(name="sppci_model", default="")
    vendor: str = msgspec.field(name="spdisplays_vendor", default="")
    vram: str = msgspec.field(name="spdisplays_vram", default="")


class _Report(msgspec.Struct):
    displays: list[_Display] = msgspec.field(name="SPDisplaysDataType", default_factory=list)


class Sysctl:
    """All values of one `sysctl -a`."""

    def __init__(self, root: Root) -> None:
        lines = (root.command("sysctl", "-a") or "").splitlines()
        pairs = (line.partition(":") for line in lines)
        self._values = {key.strip(): value.strip() for key, mark, value in pairs if mark}

    def text(self, key: str) -> str | None:
        return self._values.get(key) or None

    def number(self, key: str) -> int | None:
        return whole(self._values.get(key)) or None


def apple_cpu(root: Root, sysctl: Sysctl, notes: Notes) -> Cpu:
    """Read the processor; Apple's own has levels of cores and reports no clock."""
    logical = notes.need("cpu.logical_cores", sysctl.number("hw.logicalcpu"), _UNTOLD)
    physical = notes.need("cpu.physical_cores", sysctl.number("hw.physicalcpu"), _UNTOLD)
    model = sysctl.text("machdep.cpu.brand_string")
    own = (model or "").startswith("Apple")
    return Cpu(
        model=notes.need("cpu.model", model, _UNTOLD),
        vendor="Apple" if own else notes.need("cpu.vendor", _intel(sysctl), _UNTOLD),
        architecture=architecture_of(root.platform.architecture),
        physical_cores=physical,
        logical_cores=logical,
        usable_threads=usable_threads(root, Limits(), logical, notes),
        base_mhz=notes.need("cpu.base_mhz", _mhz(sysctl, "hw.cpufrequency"), _UNTOLD),
        max_mhz=notes.need("cpu.max_mhz", _mhz(sysctl, "hw.cpufrequency_max"), _UNTOLD),
        caches=_caches(sysctl, notes),
        features=_features(sysctl),
        core_groups=_groups(sysctl, notes),
    )


def apple_memory(sysctl: Sysctl, notes: Notes) -> Memory:
    total = notes.need("memory.total_bytes", sysctl.number("hw.memsize"), _UNTOLD)
    swap = re.search(r"total = ([0-9.]+)M", sysctl.text("vm.swapusage") or "")
    swap_bytes = int(float(swap[1]) * (1 << 20)) if swap else None
    notes.need("memory.usable_bytes", total, "the total is unknown")
    notes.need("memory.swap_bytes", swap_bytes, _UNTOLD)
    return Memory(total_bytes=total, usable_bytes=total, swap_bytes=swap_bytes)


def apple_gpus(root: Root, sysctl: Sysctl, memory: int | None, notes: Notes) -> tuple[Gpu, ...]:
    """List the GPUs; an Apple chip has one, which works in the system's memory."""
    chip = sysctl.text("machdep.cpu.brand_string") or ""
    displays = _displays(root)
    if not displays and chip.startswith("Apple"):
        displays = [_Display(name=chip, vendor="sppci_vendor_Apple")]
    if not displays:
        notes.say("gpus", "system_profiler lists none")
    return tuple(_gpu(display, index, memory, notes) for index, display in enumerate(displays))


def apple_system(root: Root, sysctl: Sysctl, notes: Notes) -> OperatingSystem:
    version = notes.need("os.version", sysctl.text("kern.osproductversion"), _UNTOLD)
    kernel = notes.need("os.kernel", root.platform.release or None, "uname does not report it")
    return OperatingSystem(name="macOS", version=version, kernel=kernel)


def apple_virtualisation(sysctl: Sysctl, notes: Notes) -> Virtualisation | None:
    present = sysctl.text("kern.hv_vmm_present")
    virtualisation = {"0": Virtualisation.NONE, "1": Virtualisation.APPLE}.get(present or "")
    return notes.need("virtualisation", virtualisation, _UNTOLD)


def _intel(sysctl: Sysctl) -> str | None:
    vendor = sysctl.text("machdep.cpu.vendor")
    return "Intel" if vendor == "GenuineIntel" else vendor


def _mhz(sysctl: Sysctl, key: str) -> float | None:
    hertz = sysctl.number(key)
    return None if hertz is None else hertz / 1e6


def _caches(sysctl: Sysctl, notes: Notes) -> Caches:
    caches: dict[str, int | None] = {}
    for level, key in (("l1d", "l1dcachesize"), ("l2", "l2cachesize"), ("l3", "l3cachesize")):
        size = sysctl.number(f"hw.perflevel0.{key}") or sysctl.number(f"hw.{key}")
        caches[level] = notes.need(
            f"cpu.caches.{level}_bytes", size, "sysctl reports no such cache"
        )
    return Caches(l1d_bytes=caches["l1d"], l2_bytes=caches["l2"], l3_bytes=caches["l3"])


def _features(sysctl: Sysctl) -> tuple[str, ...]:
    chosen = {name for key, name in _FEATURES.items() if sysctl.text(key) == "1"}
    flags: list[str] = []
    for key in ("machdep.cpu.features", "machdep.cpu.leaf7_features"):
        flags.extend((sysctl.text(key) or "").split())
    chosen.update(features([_INTEL_FLAGS.get(flag, flag.lower()) for flag in flags]))
    return tuple(sorted(chosen))


def _groups(sysctl: Sysctl, notes: Notes) -> tuple[CoreGroup, ...]:
    if (sysctl.number("hw.nperflevels") or 1) < 2:
        return ()
    groups: list[CoreGroup] = []
    for level, kind in enumerate((CoreKind.PERFORMANCE, CoreKind.EFFICIENCY)):
        where, prefix = f"cpu.core_groups[{level}]", f"hw.perflevel{level}"
        physical, logical = (sysctl.number(f"{prefix}.{key}cpu") for key in ("physical", "logical"))
        notes.say(f"{where}.model", _UNTOLD)
        notes.say(f"{where}.max_mhz", _UNTOLD)
        groups.append(
            CoreGroup(
                kind=kind,
                physical_cores=notes.need(f"{where}.physical_cores", physical, _UNTOLD),
                logical_cores=notes.need(f"{where}.logical_cores", logical, _UNTOLD),
            )
        )
    return tuple(groups)


def _displays(root: Root) -> list[_Display]:
    report = root.command("system_profiler", "SPDisplaysDataType", "-json")
    try:
        return structs.decode(report or "{}", _Report).displays
    except (msgspec.DecodeError, UnicodeError):
        return []


def _gpu(display: _Display, index: int, memory: int | None, notes: Notes) -> Gpu:
    where = f"gpus[{index}]"
    kind, vendor = _vendor(display.vendor)
    unified = kind in (GpuKind.APPLE, GpuKind.INTEL)
    size = re.match(r"([0-9]+) GB", display.vram)
    vram = int(size[1]) << 30 if size and not unified else None
    reason = "it shares the system's memory" if unified else "system_profiler reports no size"
    total = memory if unified else vram
    name = notes.need(f"{where}.name", display.model or display.name or None, _UNTOLD)
    notes.need(f"{where}.vram_bytes", vram, reason)
    notes.need(f"{where}.memory_bytes", total, "its size is unknown")
    for field in ("uuid", "compute_capability", "driver_version", "power_limit_w"):
        notes.say(f"{where}.{field}", "macOS has none")
    return Gpu(
        index=index,
        kind=kind,
        vendor=vendor,
        name=name,
        vram_bytes=vram,
        memory_bytes=total,
        unified=unified,
        ready=kind is GpuKind.APPLE,
    )


def _vendor(text: str) -> tuple[GpuKind, str]:
    lower = text.lower()
    if "amd" in lower or "0x1002" in lower:
        return GpuKind.AMD, "AMD"
    if "nvidia" in lower:
        return GpuKind.NVIDIA, "NVIDIA"
    if "intel" in lower:
        return GpuKind.INTEL, "Intel"
    return GpuKind.APPLE, "Apple"
