"""The memory of a GPU: what is missing, and passes with a library that computes on the CPU."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category, GpuMemoryParams, Lane
from benchrace.testing import RecordingContext
from benchrace_compute import gpu_library
from benchrace_compute.backend import Compute

FREE = 48 << 20


class Array(list[float]):
    """Numbers with the methods of an array that the passes use."""

    def sum(self) -> float:
        return float(sum(self))

    def copy_(self, other: list[float]) -> None:
        self[:] = other


class OutOfMemoryError(RuntimeError):
    """What PyTorch raises."""


class Event:
    """An event of a clock that goes on by a millisecond from event to event."""

    now_ms = 0.0

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        Event.now_ms += 1.0
        self.at_ms = Event.now_ms

    def synchronize(self) -> None:
        return

    def elapsed_time(self, end: "Event") -> float:
        return end.at_ms - self.at_ms


@contextmanager
def device(_: object) -> Iterator[None]:
    yield


def full(shape: tuple[int], value: float, dtype: object, device: object) -> Array:
    # Of each array as long as is asked for, a few numbers stand for all.
    return Array([value] * min(shape[0], 10))


def add(a: Array, b: Array, alpha: float, out: Array) -> None:
    out[:] = [one + alpha * other for one, other in zip(a, b, strict=True)]


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A PyTorch with one GPU."""
    module: Any = ModuleType("torch")
    module.__spec__ = ModuleSpec("torch", None)
    module.__version__ = "2.0"
    module.float32, module.full, module.add = "float32", full, add
    module.device = lambda kind, number: (kind, number)
    module.cuda = SimpleNamespace(
        device_count=lambda: 1,
        get_device_name=lambda number: "A GPU",
        mem_get_info=lambda _: (FREE, FREE),
        device=device,
        Event=Event,
        empty_cache=lambda: None,
        OutOfMemoryError=OutOfMemoryError,
    )
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(gpu_library, "find_spec", lambda name: name == "torch" or None)
    return module


def lane(**params: Any) -> Lane[GpuMemoryParams]:
    values = GpuMemoryParams(**params)
    return Lane(lane_id="lane-0", label="a", kind="gpu_memory_bandwidth", params=values)


async def test_without_a_library_the_lane_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_library, "find_spec", lambda name: None)
    ready = await Compute().preflight(lane(), RecordingContext())
    assert [field.path for field in ready.fields] == ["gpu"]
    assert "install benchrace[cuda]" in ready.fields[0].message
    for step in (Compute().open, Compute().round):
        with pytest.raises(BenchraceError, match="no library for GPUs") as caught:
            await step(lane(), RecordingContext())
        assert caught.value.category is Category.UNSUPPORTED_HARDWARE


async def test_every_kernel_is_timed_by_the_gpu(torch: Any) -> None:
    context = RecordingContext()
    assert not (await Compute().preflight(lane(passes=2), context)).fields
    record = await Compute().round(lane(passes=2), context)
    assert [sweep.kernel for sweep in record.sweeps] == ["read", "copy", "triad"]
    assert [sweep.amount // record.array_bytes for sweep in record.sweeps] == [1, 2, 3]
    assert all(sweep.elapsed_ns == (1_000_000, 1_000_000) for sweep in record.sweeps)
    # Half of the memory, for three arrays.
    assert (record.array_bytes, record.device, record.library) == (8 << 20, "A GPU", "torch")
    assert context.steps[-1] == (6, 6, "passes")


async def test_arrays_keep_their_size_when_less_memory_is_free(torch: Any) -> None:
    backend, context = Compute(), RecordingContext()
    await backend.open(lane(passes=1), context)
    torch.cuda.mem_get_info = lambda device: (FREE // 2, FREE)
    record = await backend.round(lane(passes=1), context)
    assert record.array_bytes == 8 << 20


async def test_a_missing_gpu_and_a_size_that_does_not_fit_are_refused(torch: Any) -> None:
    ready = await Compute().preflight(lane(size_mb=10), RecordingContext())
    assert [field.path for field in ready.fields] == ["size_mb"]
    assert "the largest size that fits is 8" in ready.fields[0].message
    torch.cuda.device_count = lambda: 0
    ready = await Compute().preflight(lane(), RecordingContext())
    assert "PyTorch 2.0 has 0 GPUs" in ready.fields[0].message
    ready = await Compute().preflight(lane(gpu="7"), RecordingContext())
    assert "this machine has no GPU" in ready.fields[0].message


async def test_a_wrong_result_is_a_failed_round(torch: Any) -> None:
    torch.add = lambda a, b, alpha, out: None
    with pytest.raises(BenchraceError, match="triad on A GPU: number 0 is 1,") as caught:
        await Compute().round(lane(passes=1), RecordingContext())
    assert caught.value.category is Category.BAD_OUTPUT


async def test_memory_that_is_taken_meanwhile_is_out_of_memory(torch: Any) -> None:
    freed = []
    torch.cuda.empty_cache = lambda: freed.append(True)

    def second_fails(shape: tuple[int], value: float, dtype: object, device: object) -> Array:
        if value == gpu_library.A:
            return full(shape, value, dtype, device)
        raise OutOfMemoryError("tried to allocate 8 MiB")

    torch.full = second_fails
    with pytest.raises(BenchraceError, match="3 arrays of 8 MB do not fit A GPU: tried") as caught:
        await Compute().round(lane(), RecordingContext())
    assert caught.value.category is Category.OUT_OF_MEMORY
    assert freed == [True]


async def test_a_broken_library_leaves_it_to_the_next_one(
    torch: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cupy.py").write_text('raise ImportError("libcuda.so.1 is missing")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(gpu_library, "find_spec", lambda name: name)
    assert gpu_library.open_gpu(0).library == "torch"
    torch.cuda.device_count = lambda: 0
    ready = await Compute().preflight(lane(), RecordingContext())
    assert [field.message for field in ready.fields] == [
        "cupy does not load: libcuda.so.1 is missing; PyTorch 2.0 has 0 GPUs, and none of number 0"
    ]


async def test_an_untimed_pass_runs_right_before_the_timed_one(
    torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def noted(name: str, call: Callable[..., None]) -> Callable[..., None]:
        def note(*args: Any, **named: Any) -> None:
            calls.append(name)
            call(*args, **named)

        return note

    monkeypatch.setattr(torch, "add", noted("triad", torch.add))
    for name in ("record", "synchronize"):
        monkeypatch.setattr(Event, name, noted(name, getattr(Event, name)))
    gpu = gpu_library.open_gpu(0)
    gpu.allocate(4, 3)
    gpu.time("triad")
    assert calls == ["triad", "record", "triad", "record", "synchronize"]
