"""The tightest limit of all groups above counts."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.telemetry.detection import detect
from benchrace.telemetry.system.cgroup import Limits, limits

Recorded = Callable[[str], Any]
V2 = "/sys/fs/cgroup"
V1 = "/sys/fs/cgroup/cpu,cpuacct"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Limits()),
        (
            {"/proc/self/cgroup": "0::/a/b", f"{V2}/a/cpu.max": "150000 100000"},
            Limits(cpu_quota=1.5),
        ),
        (
            {
                "/proc/self/cgroup": "0::/a/b",
                f"{V2}/a/cpu.max": "300000 100000",
                f"{V2}/a/b/cpu.max": "400000 100000",
                f"{V2}/a/b/memory.max": "4096",
                f"{V2}/memory.max": "max",
            },
            Limits(cpu_quota=3.0, memory_bytes=4096),
        ),
        (
            {
                "/proc/self/cgroup": "0::/../x",
                "/sys/fs/x/cpu.max": "10000 100000",
                f"{V2}/cpu.max": "50000 100000",
            },
            Limits(cpu_quota=0.5),
        ),
        ({"/proc/self/cgroup": "0::/", f"{V2}/cpu.max": "nonsense"}, Limits()),
        (
            {
                "/proc/self/cgroup": "4:cpu,cpuacct:/j\n5:memory:/j",
                f"{V1}/j/cpu.cfs_quota_us": "-1",
                f"{V1}/j/cpu.cfs_period_us": "100000",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
                "/sys/fs/cgroup/memory/j/memory.limit_in_bytes": "8192",
            },
            Limits(memory_bytes=8192),
        ),
    ],
)
def test_limits(recorded: Recorded, files: dict[str, str], expected: Limits) -> None:
    machine = recorded("empty")
    for path, text in files.items():
        machine.write(path, text)
    assert limits(machine.root) == expected


@pytest.mark.parametrize(
    ("quota", "threads"), [("max", 8), ("1600000", 8), ("350000", 3), ("10000", 1)]
)
def test_threads_are_whole_processors_of_the_quota(
    recorded: Recorded, quota: str, threads: int
) -> None:
    machine = recorded("docker-quota")
    machine.write(f"{V2}/cpu.max", f"{quota} 100000")
    assert detect(machine.root).cpu.usable_threads == threads
