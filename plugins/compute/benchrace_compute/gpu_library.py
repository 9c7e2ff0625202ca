"""Passes over a GPU's memory, made by CuPy or by PyTorch, whichever is installed.

Neither is imported before somebody asks for a GPU.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

# Arrays of single precision that a kernel reads or writes.
ARRAYS = {"read": 1, "copy": 2, "triad": 3}
BYTES = 4
A, B, FACTOR = 1.0, 2.0, 3.0
_NONE = (
    "no library for GPUs is installed: install benchrace[cuda] (CuPy, for CUDA 12), or "
    "PyTorch for this machine's GPU"
)


class NoGpu(Exception):
    """Raised when the GPU library or a GPU is missing; the message says what to install."""


class NoMemory(Exception):
    """The GPU has not enough free memory."""


class Gpu(Protocol):
    """A GPU as a library sees it."""

    name: str
    library: str

    def free_bytes(self) -> int:
        """Return how much of the memory is free."""
        ...

    def allocate(self, count: int, arrays: int) -> None:
        """Fill up to three arrays of `count` numbers: `A`, then the target, then `B`.

        Raises `NoMemory`.
        """
        ...

    def time(self, kernel: str) -> int:
        """Run a kernel twice; return the second one's nanoseconds by the GPU's clock."""
        ...

    def wrong(self, kernel: str) -> str | None:
        """Return what is wrong about the last result of a kernel, None where it is right."""
        ...

    def release(self) -> None:
        """Free the arrays."""
        ...


def open_gpu(number: int) -> Gpu:
    """Open a GPU by its number in the software of its vendor; raises `NoGpu`.

    A library that is broken, or finds no GPU, leaves it to the next one.
    """
    # As the numbers of the machine's own list.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    reasons = []
    for module, kind in (("cupy", CupyGpu), ("torch", TorchGpu)):
        if find_spec(module) is None:
            continue
        try:
            return kind(number)
        except NoGpu as error:
            reasons.append(str(error))
        except (ImportError, OSError) as error:
            # OSError: a shared library of the driver that is missing.
            reasons.append(f"{module} does not load: {error}")
    raise NoGpu("; ".join(reasons) or _NONE)


class _Arrays:
    """Arrays of a library, and the check of their contents."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []
        self.sum: float | None = None

    def wrong(self, kernel: str) -> str | None:
        first, *rest = self.arrays
        if kernel == "read":
            # Sums in single precision are rounded on their way.
            value, right = float(self.sum or 0.0), A * len(first)
            return None if abs(value - right) <= 1e-3 * right else f"the sum is {value}"
        right = A if kernel == "copy" else A + FACTOR * B
        target = rest[0]
        for place in (0, len(target) // 2, len(target) - 1):
            if (value := float(target[place])) != right:
                return f"number {place} is {value:g}, but should be {right:g}"
        return None


class CupyGpu(_Arrays):
    """An NVIDIA GPU, by CuPy."""

    library = "cupy"

    def __init__(self, number: int) -> None:
        cupy = import_module("cupy")
        super().__init__()
        self._cupy = cupy
        try:
            self._device = cupy.cuda.Device(number)
            properties = cupy.cuda.runtime.getDeviceProperties(number)
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise NoGpu(f"CuPy finds no GPU {number}: {error}") from error
        self.name = properties["name"].decode()
        # One pass, where an expression would make an array in between.
        self._triad = cupy.ElementwiseKernel(
            "float32 a, float32 b", "float32 c", f"c = a + {FACTOR}f * b", "triad"
        )

    def free_bytes(self) -> int:
        with self._device:
            return int(self._cupy.cuda.runtime.memGetInfo()[0])

    def allocate(self, count: int, arrays: int) -> None:
        cupy = self._cupy
        with self._device:
            try:
                for value in (A, 0.0, B)[:arrays]:
                    self.arrays.append(cupy.full(count, value, "float32"))
            except cupy.cuda.memory.OutOfMemoryError as error:
                raise NoMemory(str(error)) from error

    def time(self, kernel: str) -> int:
        cuda = self._cupy.cuda
        with self._device:
            start, end = cuda.Event(), cuda.Event()
            # The GPU is still busy with this pass when the timed one is enqueued, so that the
            # time between the events has no part of the launch.
            self._run(kernel)
            start.record()
            total = self._run(kernel)
            end.record()
            end.synchronize()
            if total is not None:
                self.sum = float(total)
            return int(cuda.get_elapsed_time(start, end) * 1e6)

    def _run(self, kernel: str) -> Any:
        match kernel, self.arrays:
            case "read", [a, *_]:
                return a.sum()
            case "copy", [a, c, *_]:
                self._cupy.copyto(c, a)
            case _, [a, c, b]:
                self._triad(a, b, c)
        return None

    def release(self) -> None:
        self.arrays = []
        with self._device:
            self._cupy.get_default_memory_pool().free_all_blocks()


class TorchGpu(_Arrays):
    """A GPU of CUDA or ROCm, by PyTorch."""

    library = "torch"

    def __init__(self, number: int) -> None:
        torch = import_module("torch")
        super().__init__()
        if number >= torch.cuda.device_count():
            count = torch.cuda.device_count()
            raise NoGpu(
                f"PyTorch {torch.__version__} has {count} GPUs, and none of number {number}"
            )
        self._torch, self._device = torch, torch.device("cuda", number)
        self.name = torch.cuda.get_device_name(number)

    def free_bytes(self) -> int:
        return int(self._torch.cuda.mem_get_info(self._device)[0])

    def allocate(self, count: int, arrays: int) -> None:
        torch = self._torch
        try:
            for value in (A, 0.0, B)[:arrays]:
                array = torch.full((count,), value, dtype=torch.float32, device=self._device)
                self.arrays.append(array)
        except torch.cuda.OutOfMemoryError as error:
            raise NoMemory(str(error)) from error

    def time(self, kernel: str) -> int:
        cuda = self._torch.cuda
        with cuda.device(self._device):
            start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
            # The GPU is still busy with this pass when the timed one is enqueued, so that the
            # time between the events has no part of the launch.
            self._run(kernel)
            start.record()
            total = self._run(kernel)
            end.record()
            end.synchronize()
            if total is not None:
                self.sum = float(total)
            return int(start.elapsed_time(end) * 1e6)

    def _run(self, kernel: str) -> Any:
        match kernel, self.arrays:
            case "read", [a, *_]:
                return a.sum()
            case "copy", [a, c, *_]:
                c.copy_(a)
            case _, [a, c, b]:
                self._torch.add(a, b, alpha=FACTOR, out=c)
        return None

    def release(self) -> None:
        self.arrays = []
        self._torch.cuda.empty_cache()
