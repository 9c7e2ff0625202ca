"""Main memory, from /proc/meminfo and the control group."""

import msgspec

from benchrace.telemetry.hardware import Memory, Notes
from benchrace.telemetry.machine_root import Root, whole
from benchrace.telemetry.system.cgroup import Limits


class MemoryUse(msgspec.Struct, frozen=True, kw_only=True):
    """In bytes; `used` is what no one could have without swapping."""

    total: int | None = None
    available: int | None = None
    used: int | None = None
    swap_total: int | None = None
    swap_used: int | None = None


def linux_memory(root: Root, limits: Limits, notes: Notes) -> Memory:
    """Read total and swap; every null gets its reason in `notes`."""
    use = linux_use(root)
    total = notes.need("memory.total_bytes", use.total, "/proc/meminfo does not report it")
    swap = notes.need("memory.swap_bytes", use.swap_total, "/proc/meminfo does not report it")
    limits_ = [value for value in (total, limits.memory_bytes) if value is not None]
    usable = notes.need("memory.usable_bytes", min(limits_, default=None), "the total is unknown")
    return Memory(total_bytes=total, usable_bytes=usable, swap_bytes=swap)


def linux_use(root: Root) -> MemoryUse:
    """Read /proc/meminfo once."""
    kib: dict[str, int] = {}
    for line in (root.text("/proc/meminfo") or "").splitlines():
        key, _, value = line.partition(":")
        number = whole(value.replace("kB", ""))
        if number is not None:
            kib[key.strip()] = number * 1024
    total, available = kib.get("MemTotal"), kib.get("MemAvailable")
    swap, swap_free = kib.get("SwapTotal"), kib.get("SwapFree")
    return MemoryUse(
        total=total,
        available=available,
        used=None if total is None or available is None else total - available,
        swap_total=swap,
        swap_used=None if swap is None or swap_free is None else swap - swap_free,
    )
