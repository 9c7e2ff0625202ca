"""Reading and writing memory: the bandwidth of a processor, and that of a GPU."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from benchrace.events import Measured, Reason
from benchrace.kinds.ceiling.size import ArraySize, in_cache
from benchrace.kinds.ceiling.sweep import (
    ELAPSED,
    CpuParams,
    CpuRecord,
    Passes,
    Sweep,
    SweepRecord,
    elapsed,
    rates,
    total,
)
from benchrace.kinds.energy import energy_work
from benchrace.kinds.kind import Kind, LaneRecord, Params
from benchrace.kinds.metric import Better, Estimator, Metric

GROUPS = ("all", "read", "copy", "triad")

Kernels = Annotated[
    str,
    Meta(
        title="Kernels",
        description="read adds up an array, copy is c = a, triad c = a + 3 b; "
        "read alone is what generating tokens is limited by.",
        pattern=f"^({'|'.join(GROUPS)})$",
        extra_json_schema={"enum": list(GROUPS)},
    ),
]


class MemoryParams(CpuParams, frozen=True, kw_only=True):
    """Which passes over memory, and with how many threads."""

    kernels: Kernels = "all"
    size_mb: ArraySize = 0


class MemoryRecord(CpuRecord, frozen=True, kw_only=True):
    """Raw facts of passes over memory; `array_bytes` is the size of one array."""

    kernels: str
    array_bytes: int


class GpuMemoryParams(Params, frozen=True, kw_only=True):
    """Which passes over the memory of which GPU."""

    kernels: Kernels = "all"
    gpu: Annotated[
        str,
        Meta(
            title="GPU",
            description="By number or UUID; if empty, the first one.",
            max_length=80,
            extra_json_schema={"choices": "gpus"},
        ),
    ] = ""
    size_mb: Annotated[
        int,
        Meta(
            title="Size (MB)",
            description="Of each array; 0 is 4 GB, and half of the free memory at most for all.",
            ge=0,
            le=1_000_000,
            extra_json_schema={"phrases": {"zero": "4 GB", "other": "{} MB"}},
        ),
    ] = 0
    passes: Passes = 7


class GpuMemoryRecord(SweepRecord, frozen=True, kw_only=True):
    """Raw facts of passes over a GPU's memory; `library` made them."""

    kernels: str
    array_bytes: int
    device: str
    library: str


def _rate(name: str, title: str, formula: str, *, headline: bool = False) -> tuple[Metric, Metric]:
    """Declare a kernel's best and median rate."""
    one = Metric(
        name=f"{name}_gb_per_s",
        title=title,
        unit="GB/s",
        better=Better.HIGHER,
        headline=headline,
        formula=f"{formula}; the fastest pass",
        phrase=f"GB per second, {title.lower()}",
    )
    middle = Metric(
        name=f"{name}_median_gb_per_s",
        title=f"{title}, median",
        unit="GB/s",
        better=Better.HIGHER,
        formula=f"{formula}; the median pass",
    )
    return one, middle


_ALLOCATE = "what ordinary stores read to complete a line is not counted"
READ = _rate(
    "read",
    "Read",
    "bytes of the array / time, with prefetch or from several places, whichever is faster",
    headline=True,
)
COPY = _rate("copy", "Copy", f"2 x bytes of the array / time; {_ALLOCATE}")
COPY_NT = _rate("copy_nt", "Copy past caches", "as copy, with non-temporal stores")
TRIAD = _rate("triad", "Triad", f"3 x bytes of the array / time; {_ALLOCATE}")
TRIAD_NT = _rate("triad_nt", "Triad past caches", "as triad, with non-temporal stores")
GPU_READ = _rate("read", "Read", "bytes of the array / time, by the GPU's clock", headline=True)
GPU_COPY = _rate("copy", "Copy", "2 x bytes of the array / time, by the GPU's clock")
GPU_TRIAD = _rate("triad", "Triad", "3 x bytes of the array / time, by the GPU's clock")
BYTES_MOVED = Metric(
    name="bytes_moved",
    title="Bytes moved",
    unit="B",
    better=Better.NONE,
    estimator=Estimator.COUNT,
    formula="bytes that all passes read and wrote",
)
ENERGY = energy_work(
    BYTES_MOVED.name, one="gigabyte", many="bytes", unit="B", symbol="GB", size=1e9
)

_PROCESSOR = (READ, COPY, COPY_NT, TRIAD, TRIAD_NT)
_GPU = (GPU_READ, GPU_COPY, GPU_TRIAD)
# The kernels behind each pair of metrics: the fastest one counts.
_KERNELS = {
    READ[0].name: ("read", "read_prefetch", "read_streams"),
    COPY[0].name: ("copy",),
    COPY_NT[0].name: ("copy_nt",),
    TRIAD[0].name: ("triad",),
    TRIAD_NT[0].name: ("triad_nt",),
}


def derive(record: MemoryRecord, params: MemoryParams) -> Iterable[Measured]:
    """Yield the bandwidths of a processor."""
    return _derive(record.sweeps, record.kernels, _PROCESSOR)


def derive_gpu(record: GpuMemoryRecord, params: GpuMemoryParams) -> Iterable[Measured]:
    """Yield the bandwidths of a GPU."""
    return _derive(record.sweeps, record.kernels, _GPU)


def _derive(
    sweeps: Sequence[Sweep], group: str, pairs: Sequence[tuple[Metric, Metric]]
) -> Iterator[Measured]:
    for best, median in pairs:
        ran = [sweep for sweep in sweeps if sweep.kernel in _KERNELS[best.name]]
        if ran:
            yield from rates(best, median, max(ran, key=lambda sweep: sweep.best() or 0.0))
            continue
        is_requested = group in ("all", best.name.split("_")[0])
        missing = "benchrace has no such stores for this processor"
        reason = missing if is_requested else f"only {group} was requested"
        for metric in (best, median):
            yield Measured(metric=metric.name, value=None, reason=reason)
    yield elapsed(sweeps)
    yield total(BYTES_MOVED, sweeps)


def review(current: LaneRecord, earlier: Sequence[LaneRecord]) -> Iterable[Reason]:
    """Yield what is doubtful about the size of the arrays."""
    record = current.record
    return in_cache(record.array_bytes, record.cache_bytes, record.virtual_machine)


MEMORY_BANDWIDTH = Kind(
    name="memory_bandwidth",
    title="Memory bandwidth",
    params=MemoryParams,
    record=MemoryRecord,
    metrics=(*(metric for pair in _PROCESSOR for metric in pair), ELAPSED, BYTES_MOVED),
    derive=derive,
    review=review,
    work=("kernels", "size_mb", "passes"),
    energy=ENERGY,
)
GPU_MEMORY_BANDWIDTH = Kind(
    name="gpu_memory_bandwidth",
    title="GPU memory bandwidth",
    params=GpuMemoryParams,
    record=GpuMemoryRecord,
    metrics=(*(metric for pair in _GPU for metric in pair), ELAPSED, BYTES_MOVED),
    derive=derive_gpu,
    work=("kernels", "size_mb", "passes"),
    energy=ENERGY,
)
