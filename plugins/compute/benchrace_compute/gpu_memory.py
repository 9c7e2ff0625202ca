"""How fast a GPU reads and writes its memory."""

from functools import partial

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    FieldError,
    GpuMemoryParams,
    GpuMemoryRecord,
    InvalidInput,
    Readiness,
    Sweep,
    find_gpu,
)
from benchrace_compute.gpu_library import ARRAYS, BYTES, Gpu, NoGpu, NoMemory, open_gpu

_DEFAULT_BYTES = 4_000_000_000
_LEAST_BYTES = 1 << 20
_KERNELS = ("read", "copy", "triad")


async def preflight(params: GpuMemoryParams, context: Context) -> Readiness:
    """Check that there is a library, a GPU, and enough of its memory."""
    try:
        gpu = await _open(params, context)
        await context.run_blocking(partial(_size, params, gpu))
    except InvalidInput as error:
        return Readiness(fields=tuple(error.fields))
    except NoGpu as error:
        return Readiness(fields=(FieldError("gpu", str(error)),))
    return Readiness()


async def size(params: GpuMemoryParams, context: Context) -> int:
    """Return the bytes of an array by what is free now; raises `BenchraceError`."""
    gpu = await _required(params, context)
    return await context.run_blocking(partial(_size, params, gpu))


async def measure(
    params: GpuMemoryParams, context: Context, size: int | None = None
) -> GpuMemoryRecord:
    """Pass over the GPU's memory with each kernel, in arrays of `size` bytes."""
    gpu = await _required(params, context)
    if size is None:
        size = await context.run_blocking(partial(_size, params, gpu))
    kernels = _KERNELS if params.kernels == "all" else (params.kernels,)
    arrays = max(ARRAYS[kernel] for kernel in kernels)
    total = len(kernels) * params.passes
    sweeps: list[Sweep] = []
    try:
        await context.run_blocking(partial(gpu.allocate, size // BYTES, arrays))
        for kernel in kernels:
            elapsed_ns = []
            for _ in range(params.passes):
                elapsed_ns.append(await context.run_blocking(partial(gpu.time, kernel)))
                done = len(sweeps) * params.passes + len(elapsed_ns)
                context.progress(done, total, "passes")
            await context.run_blocking(partial(_check, gpu, kernel))
            amount = ARRAYS[kernel] * size
            sweeps.append(Sweep(kernel=kernel, amount=amount, elapsed_ns=tuple(elapsed_ns)))
    except NoMemory as error:
        raise BenchraceError(
            Category.OUT_OF_MEMORY,
            f"{arrays} arrays of {size // 1_000_000} MB do not fit {gpu.name}: {error}",
            "Choose a smaller size, or unload what is on the GPU.",
        ) from error
    finally:
        gpu.release()
    return GpuMemoryRecord(
        sweeps=tuple(sweeps),
        kernels=params.kernels,
        array_bytes=size,
        device=gpu.name,
        library=gpu.library,
    )


async def _required(params: GpuMemoryParams, context: Context) -> Gpu:
    try:
        return await _open(params, context)
    except NoGpu as error:
        raise BenchraceError(Category.UNSUPPORTED_HARDWARE, str(error)) from error


async def _open(params: GpuMemoryParams, context: Context) -> Gpu:
    device = find_gpu(params.gpu, context.gpus)
    number = 0 if device is None else device.number
    return await context.run_blocking(partial(open_gpu, number))


def _size(params: GpuMemoryParams, gpu: Gpu) -> int:
    """Return the bytes of an array, whole MiB; raises `InvalidInput`."""
    arrays = 3 if params.kernels == "all" else ARRAYS[params.kernels]
    most = gpu.free_bytes() // 2 // arrays
    wanted = params.size_mb * 1_000_000 or min(_DEFAULT_BYTES, most)
    size = wanted // _LEAST_BYTES * _LEAST_BYTES
    if _LEAST_BYTES <= size <= most:
        return size
    text = f"{arrays} arrays of {params.size_mb} MB do not fit half of the GPU's free memory"
    raise InvalidInput(
        FieldError("size_mb", f"{text}; the largest size that fits is {most // 1_000_000}"),
        "Choose a smaller size, or unload what is on the GPU.",
    )


def _check(gpu: Gpu, kernel: str) -> None:
    if wrong := gpu.wrong(kernel):
        raise BenchraceError(Category.BAD_OUTPUT, f"{kernel} on {gpu.name}: {wrong}")
