"""Limits of the kernel's control groups for this process, version 1 and 2."""

import msgspec

from benchrace.telemetry.machine_root import Root, whole

_MOUNT = "/sys/fs/cgroup"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a control group, None where unlimited; `cpu_quota` is in processors."""

    cpu_quota: float | None = None
    memory_bytes: int | None = None


def limits(root: Root) -> Limits:
    """Return the tightest limit of this process's group and all groups above it."""
    quotas: list[float] = []
    memories: list[int] = []
    for line in (root.text("/proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            _unified(root, path, quotas, memories)
        elif "cpu" in controllers.split(","):
            _first_cpu(root, controllers, path, quotas)
        elif controllers == "memory":
            _first_memory(root, path, memories)
    return Limits(cpu_quota=min(quotas, default=None), memory_bytes=min(memories, default=None))


def _unified(root: Root, path: str, quotas: list[float], memories: list[int]) -> None:
    for folder in _upwards(_MOUNT, path):
        quota, _, period = (root.text(f"{folder}/cpu.max") or "").partition(" ")
        _add_quota(quotas, whole(quota), whole(period))
        _add_memory(memories, root.number(f"{folder}/memory.max"))


def _first_cpu(root: Root, controllers: str, path: str, quotas: list[float]) -> None:
    mount = f"{_MOUNT}/{controllers}"
    for folder in _upwards(mount if root.exists(mount) else f"{_MOUNT}/cpu", path):
        quota = root.number(f"{folder}/cpu.cfs_quota_us")
        _add_quota(quotas, quota, root.number(f"{folder}/cpu.cfs_period_us"))


def _first_memory(root: Root, path: str, memories: list[int]) -> None:
    for folder in _upwards(f"{_MOUNT}/memory", path):
        _add_memory(memories, root.number(f"{folder}/memory.limit_in_bytes"))


def _upwards(mount: str, path: str) -> list[str]:
    # A group outside this namespace is shown as `/../..`: only the mount itself can be read.
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        parts = []
    return ["/".join([mount, *parts[:depth]]) for depth in range(len(parts), -1, -1)]


def _add_quota(quotas: list[float], quota: int | None, period: int | None) -> None:
    # Version 1 says -1 for none; version 2 says `max`, which is not a number.
    if quota is not None and quota > 0 and period:
        quotas.append(quota / period)


def _add_memory(memories: list[int], limit: int | None) -> None:
    # Version 1 has a huge number, the largest page-aligned one, for none.
    if limit is not None and 0 < limit < 1 << 60:
        memories.append(limit)
