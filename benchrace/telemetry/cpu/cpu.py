"""The processor as Linux describes it in /proc and /sys."""

import re

import msgspec

from benchrace.telemetry.cpu.features import arm_model, arm_vendor, features
from benchrace.telemetry.hardware import Caches, CoreGroup, CoreKind, Cpu, Notes
from benchrace.telemetry.machine_root import Root, cpu_list, whole
from benchrace.telemetry.system.cgroup import Limits

_CPUS = "/sys/devices/system/cpu"


class _Block(msgspec.Struct, frozen=True):
    """One processor of /proc/cpuinfo, its keys in lower case."""

    number: int
    fields: dict[str, str]

    def get(self, *keys: str) -> str | None:
        return next((value for key in keys if (value := self.fields.get(key))), None)


def linux_cpu(root: Root, limits: Limits, notes: Notes) -> Cpu:
    """Read the processor; every null gets its reason in `notes`."""
    architecture = architecture_of(root.platform.architecture)
    blocks = _blocks(root.text("/proc/cpuinfo") or "")
    online = cpu_list(root.text(f"{_CPUS}/online")) or tuple(block.number for block in blocks)
    logical = notes.need("cpu.logical_cores", len(online) or None, "/proc and /sys list none")
    physical = _physical(root, online, blocks)
    notes.need("cpu.physical_cores", physical, "/sys and /proc/cpuinfo report no core numbers")
    first = blocks[0] if blocks else _Block(0, {})
    caches = _caches(root, online)
    for level, size in (
        ("l1d", caches.l1d_bytes),
        ("l2", caches.l2_bytes),
        ("l3", caches.l3_bytes),
    ):
        notes.need(f"cpu.caches.{level}_bytes", size, f"{_CPUS}/cpu*/cache reports no such cache")
    return Cpu(
        model=notes.need("cpu.model", _model(first, blocks), "/proc/cpuinfo names no model"),
        vendor=notes.need("cpu.vendor", _vendor(first), "/proc/cpuinfo names no vendor"),
        architecture=architecture,
        physical_cores=physical,
        logical_cores=logical,
        usable_threads=usable_threads(root, limits, logical, notes),
        base_mhz=notes.need("cpu.base_mhz", _base_mhz(root, first), "neither /sys nor the name"),
        max_mhz=notes.need("cpu.max_mhz", _max_mhz(root, online), "no cpufreq in /sys"),
        caches=caches,
        features=features((first.get("flags", "features") or "").split()),
        core_groups=_groups(root, online, blocks, notes),
    )


def architecture_of(machine: str) -> str:
    """Normalize the names that systems give to one architecture."""
    return {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}.get(machine.lower(), machine)


def usable_threads(root: Root, limits: Limits, logical: int | None, notes: Notes) -> int | None:
    """Count the threads that can run at once: affinity, then whole processors of the quota."""
    affinity = root.platform.affinity
    counts = [logical] if logical else []
    if affinity:
        counts.append(len(affinity))
    if limits.cpu_quota is not None:
        counts.append(max(1, int(limits.cpu_quota)))
    return notes.need(
        "cpu.usable_threads", min(counts, default=None), "the number of cores is unknown"
    )


def _blocks(text: str) -> list[_Block]:
    """Split /proc/cpuinfo by processor; what follows the last one (a board's name) is left out."""
    blocks: list[_Block] = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            key, _, value = line.partition(":")
            fields[key.strip().lower()] = value.strip()
        number = whole(fields.get("processor"))
        if number is not None:
            blocks.append(_Block(number, fields))
    return blocks


def _model(first: _Block, blocks: list[_Block]) -> str | None:
    named = first.get("model name")
    if named and not (first.get("cpu part") and named.startswith("ARMv")):
        return re.sub(r"\s+", " ", named)
    parts = {(block.get("cpu implementer"), block.get("cpu part")) for block in blocks}
    models = {arm_model(who, part) for who, part in parts if who and part}
    return " + ".join(sorted(model for model in models if model)) or None


def _vendor(first: _Block) -> str | None:
    vendors = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}
    vendor = first.get("vendor_id")
    if vendor:
        return vendors.get(vendor, vendor)
    return arm_vendor(first.get("cpu implementer"))


def _physical(root: Root, online: tuple[int, ...], blocks: list[_Block]) -> int | None:
    """Count distinct cores: siblings share one list in /sys, one pair of ids in /proc."""
    shared = {listed for cpu in online if (listed := _siblings(root, cpu)) is not None}
    if shared:
        return len(shared)
    pairs = {
        (block.get("physical id") or "0", core)
        for block in blocks
        if (core := block.get("core id")) is not None
    }
    return len(pairs) or None


def _siblings(root: Root, cpu: int) -> str | None:
    topology = f"{_CPUS}/cpu{cpu}/topology"
    return root.text(f"{topology}/core_cpus_list") or root.text(f"{topology}/thread_siblings_list")


def _base_mhz(root: Root, first: _Block) -> float | None:
    khz = root.number(f"{_CPUS}/cpu0/cpufreq/base_frequency")
    if khz:
        return khz / 1000
    nominal = root.number(f"{_CPUS}/cpu0/acpi_cppc/nominal_freq")
    if nominal:
        return float(nominal)
    named = re.search(r"@ ([0-9.]+)GHz", first.get("model name") or "")
    return round(float(named[1]) * 1000, 1) if named else None


def _max_mhz(root: Root, cpus: tuple[int, ...]) -> float | None:
    clocks = [root.number(f"{_CPUS}/cpu{cpu}/cpufreq/cpuinfo_max_freq") for cpu in cpus]
    return max((khz / 1000 for khz in clocks if khz), default=None)


def _caches(root: Root, online: tuple[int, ...]) -> Caches:
    sizes: dict[str, int] = {}
    # The kinds of core differ, the cores of a kind do not: the ends of the list show both.
    for cpu in sorted({*online[:1], *online[-1:]}):
        folder = f"{_CPUS}/cpu{cpu}/cache"
        for index in root.names(folder):
            level, kind = root.text(f"{folder}/{index}/level"), root.text(f"{folder}/{index}/type")
            size = cache_bytes(root.text(f"{folder}/{index}/size"))
            if level and size and kind != "Instruction":
                sizes[level] = max(size, sizes.get(level, 0))
    return Caches(l1d_bytes=sizes.get("1"), l2_bytes=sizes.get("2"), l3_bytes=sizes.get("3"))


def cache_bytes(text: str | None) -> int | None:
    """Parse the kernel's `48K`, `2M` into bytes."""
    match = re.fullmatch(r"([0-9]{1,9})([KMG]?)", text or "")
    if not match or match[1] == "0":
        return None
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


def _groups(
    root: Root, online: tuple[int, ...], blocks: list[_Block], notes: Notes
) -> tuple[CoreGroup, ...]:
    """Distinguish the two kinds of core, by Intel's devices or by ARM's part numbers."""
    performance = cpu_list(root.text("/sys/devices/cpu_core/cpus"))
    efficiency = cpu_list(root.text("/sys/devices/cpu_atom/cpus"))
    if not (performance and efficiency):
        performance, efficiency = _by_capacity(root, online)
    if not (performance and efficiency):
        return ()
    names = {block.number: _model(block, [block]) for block in blocks}
    groups: list[CoreGroup] = []
    for kind, cpus in ((CoreKind.PERFORMANCE, performance), (CoreKind.EFFICIENCY, efficiency)):
        where, max_mhz = f"cpu.core_groups[{len(groups)}]", _max_mhz(root, cpus)
        physical = _physical(root, cpus, [block for block in blocks if block.number in cpus])
        model = names.get(cpus[0])
        groups.append(
            CoreGroup(
                kind=kind,
                model=notes.need(f"{where}.model", model, "/proc/cpuinfo names no model"),
                physical_cores=notes.need(f"{where}.physical_cores", physical, "no core numbers"),
                logical_cores=len(cpus),
                max_mhz=notes.need(f"{where}.max_mhz", max_mhz, "no cpufreq in /sys"),
            )
        )
    return tuple(groups)


def _by_capacity(root: Root, online: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    capacity = {cpu: root.number(f"{_CPUS}/cpu{cpu}/cpu_capacity") for cpu in online}
    capacities = {cpu: value for cpu, value in capacity.items() if value}
    if len(set(capacities.values())) < 2:
        return (), ()
    # A few cores of one kind may clock higher than their siblings: halfway is the border.
    border = (min(capacities.values()) + max(capacities.values())) / 2
    return (
        tuple(cpu for cpu, value in capacities.items() if value >= border),
        tuple(cpu for cpu, value in capacities.items() if value < border),
    )
