"""Ceilings: rates of passes, what was not measured, and arrays that a cache may hold."""

from typing import Any

import pytest

from benchrace.events import Measured
from benchrace.kinds.ceiling import (
    GEMM,
    GEMV,
    GPU_MEMORY_BANDWIDTH,
    MEMORY_BANDWIDTH,
    GemmParams,
    GemmRecord,
    GemvParams,
    GemvRecord,
    GpuMemoryParams,
    GpuMemoryRecord,
    MemoryParams,
    MemoryRecord,
    Sweep,
)
from benchrace.kinds.kind import Kind, LaneRecord

GB = 10**9
CPU: dict[str, Any] = {
    "threads_requested": 0,
    "threads_used": 2,
    "cores_pinned": 2,
    "cpu_tier": "avx2",
    "cache_bytes": 32 << 20,
    "virtual_machine": False,
}


def sweep(kernel: str, amount: int, *seconds: float) -> Sweep:
    return Sweep(kernel=kernel, amount=amount, elapsed_ns=tuple(int(s * 1e9) for s in seconds))


def memory(*sweeps: Sweep, **facts: Any) -> MemoryRecord:
    values = {"kernels": "all", "array_bytes": GB, "sweeps": sweeps, **CPU, **facts}
    return MemoryRecord(**values)


def derived(kind: Kind, record: Any, params: Any) -> dict[str, Measured]:
    numbers = {number.metric: number for number in kind.derive(record, params)}
    assert set(numbers) == {metric.name for metric in kind.metrics}
    return numbers


def test_memory_has_the_best_and_the_median_pass_of_each_kernel() -> None:
    record = memory(
        sweep("read_prefetch", GB, 0.2, 0.1, 0.4),
        sweep("read_streams", GB, 0.2, 0.2, 0.2),
        sweep("copy", 2 * GB, 0.5, 0.4),
        sweep("triad", 3 * GB, 0.3),
    )
    numbers = derived(MEMORY_BANDWIDTH, record, MemoryParams())
    values = {name: number.value for name, number in numbers.items() if number.value is not None}
    assert values == pytest.approx(
        {
            "read_gb_per_s": 10,
            "read_median_gb_per_s": 5,
            "copy_gb_per_s": 5,
            "copy_median_gb_per_s": 4,
            "triad_gb_per_s": 10,
            "triad_median_gb_per_s": 10,
            "elapsed_ms": 2500,
            "bytes_moved": 13 * GB,
        }
    )
    assert numbers["copy_nt_gb_per_s"].reason == "benchrace has no such stores for this processor"


def test_what_was_not_requested_is_null() -> None:
    record = memory(sweep("read_streams", GB, 0.1), kernels="read")
    numbers = derived(MEMORY_BANDWIDTH, record, MemoryParams(kernels="read"))
    assert numbers["read_gb_per_s"].value == pytest.approx(10)
    for name in ("copy_gb_per_s", "triad_nt_median_gb_per_s"):
        assert (numbers[name].value, numbers[name].reason) == (None, "only read was requested")


def test_a_gpu_has_no_stores_past_caches() -> None:
    record = GpuMemoryRecord(
        sweeps=(sweep("read", GB, 0.001),),
        kernels="read",
        array_bytes=GB,
        device="A",
        library="cupy",
    )
    numbers = derived(GPU_MEMORY_BANDWIDTH, record, GpuMemoryParams(kernels="read"))
    assert numbers["read_gb_per_s"].value == pytest.approx(1000)
    assert numbers["copy_gb_per_s"].reason == "only read was requested"


def test_weights_are_counted_in_bytes_and_in_blocks() -> None:
    record = GemvRecord(
        format="q4_0",
        columns=64,
        weight_bytes=18 * 10**6,
        sweeps=(sweep("q4_0", 18 * 10**6, 0.01),),
        **CPU,
    )
    numbers = derived(GEMV, record, GemvParams(format="q4_0"))
    assert numbers["weights_gb_per_s"].value == pytest.approx(1.8)
    assert numbers["blocks_per_s"].value == pytest.approx(10**8)
    assert numbers["bytes_moved"].value == 18 * 10**6


def test_products_are_counted_in_operations() -> None:
    record = GemmRecord(precision="f32", n=1000, sweeps=(sweep("f32", 2 * GB, 0.1, 0.2),), **CPU)
    numbers = derived(GEMM, record, GemmParams())
    assert numbers["gflop_per_s"].value == pytest.approx(20)
    assert numbers["gflop_median_per_s"].value == pytest.approx(10)
    assert numbers["operations"].value == 4 * GB


def test_a_pass_below_the_clock_has_no_rate() -> None:
    record = GemmRecord(precision="f32", n=1, sweeps=(sweep("f32", 2, 0.0),), **CPU)
    number = derived(GEMM, record, GemmParams())["gflop_per_s"]
    assert (number.value, number.reason) == (None, "shorter than the resolution of the clock")


@pytest.mark.parametrize(
    ("size", "cache", "virtual", "words"),
    [
        (128 << 20, 32 << 20, False, None),
        (127 << 20, 32 << 20, False, "less than 4 times the last-level cache"),
        (1 << 30, 32 << 20, True, None),
        # A hypervisor's report of the cache is not trusted.
        (1 << 30, 2 << 30, True, None),
        (512 << 20, 32 << 20, True, "may fit the host's caches"),
        (1 << 20, None, None, None),
    ],
)
def test_arrays_that_a_cache_may_hold_are_marked(
    size: int, cache: int | None, virtual: bool | None, words: str | None
) -> None:
    facts = {"cache_bytes": cache, "virtual_machine": virtual}
    weights = GemvRecord(**{**CPU, **facts}, sweeps=(), format="f16", columns=32, weight_bytes=size)
    for kind, record in (
        (MEMORY_BANDWIDTH, memory(array_bytes=size, **facts)),
        (GEMV, weights),
    ):
        assert kind.review is not None
        reasons = list(kind.review(LaneRecord(lane_id="lane-0", record=record), ()))
        assert [reason.code for reason in reasons] == (["arrays_in_cache"] if words else [])
        assert words is None or words in reasons[0].text
