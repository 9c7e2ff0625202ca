"""The workloads that measure ceilings: records, refusals, sizes, cancels."""

from typing import Any

import pytest

import benchrace_core as core
from benchrace.plugin import BenchraceError, Category, Lane
from benchrace.testing import RecordingContext
from benchrace.testing.contract import BackendContract
from benchrace_compute import ceilings, running
from benchrace_compute.backend import Compute
from benchrace_compute.params import GemmOptions, GemvOptions, MemoryOptions

CORES = core.available_threads()


class TestMemory(BackendContract):
    backend = Compute
    kind = "memory_bandwidth"
    params = {"size_mb": 4, "passes": 2}  # noqa: RUF012 - a ClassVar of the contract
    long_params = {"size_mb": 64, "passes": 1000}  # noqa: RUF012


class TestGemv(BackendContract):
    backend = Compute
    kind = "gemv"
    params = {"size_mb": 4, "passes": 2}  # noqa: RUF012
    long_params = {"size_mb": 64, "passes": 1000}  # noqa: RUF012


class TestGemm(BackendContract):
    backend = Compute
    kind = "gemm"
    params = {"n": 100, "passes": 2}  # noqa: RUF012
    long_params = {"n": 2000, "passes": 1000}  # noqa: RUF012


def lane(kind: str, params: ceilings.Options) -> Lane[Any]:
    return Lane(lane_id="lane-0", label="a", kind=kind, params=params)


@pytest.mark.parametrize(
    ("kernels", "ran"),
    [
        ("all", core.BANDWIDTH_KERNELS),
        ("read", ("read_prefetch", "read_streams")),
        ("copy", tuple(name for name in core.BANDWIDTH_KERNELS if "copy" in name)),
    ],
)
async def test_memory_is_passed_over_by_the_requested_kernels(
    kernels: str, ran: tuple[str, ...]
) -> None:
    context = RecordingContext()
    params = MemoryOptions(kernels=kernels, size_mb=5, passes=3, threads=1, tier="baseline")
    record = await Compute().round(lane("memory_bandwidth", params), context)
    assert tuple(sweep.kernel for sweep in record.sweeps) == ran
    assert all(len(sweep.elapsed_ns) == 3 for sweep in record.sweeps)
    assert (record.array_bytes, record.threads_used) == (4 << 20, 1)
    assert record.cpu_tier == core.cpu_tiers()[-1]
    done, total, unit = context.steps[-1]
    assert (done, unit) == (total, "blocks")


@pytest.mark.parametrize("params", [MemoryOptions(kernels="read"), GemvOptions()])
async def test_arrays_keep_their_size_when_less_memory_is_free(
    params: ceilings.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([6 << 20, 5 << 20, 4 << 20])
    sized = ceilings._ceiling

    def shrinking(params: ceilings.Options, *, size: int | None = None) -> core.Ceiling:
        return sized(params, passes=1, size=size or next(free))

    monkeypatch.setattr(ceilings, "_ceiling", shrinking)
    backend, context = Compute(), RecordingContext()
    one = lane("memory_bandwidth", params)
    records = []
    for _ in range(2):
        await backend.open(one, context)
        records.append(await backend.round(one, context))
        await backend.close(one, context)
    sizes = [sweep.amount for record in records for sweep in record.sweeps]
    assert len(set(sizes)) == 1
    assert 5 << 20 < sizes[0] <= 6 << 20


@pytest.mark.parametrize("params", [MemoryOptions(kernels="read"), GemvOptions()])
async def test_a_size_that_no_longer_fits_is_refused_by_the_lane_s_field(
    params: ceilings.Options,
) -> None:
    with pytest.raises(BenchraceError) as caught:
        await ceilings.measure(params, RecordingContext(), 10**15)
    assert caught.value.category is Category.OUT_OF_MEMORY
    text = str(caught.value)
    assert text.startswith("size_mb: needs ")
    assert "choose a smaller size_mb" in text


@pytest.mark.parametrize("layout", ["q8_0", "q4_0", "f16"])
async def test_weights_are_whole_rows(layout: str) -> None:
    params = GemvOptions(format=layout, columns=96, size_mb=1, passes=1)
    record = await Compute().round(lane("gemv", params), RecordingContext())
    (sweep,) = record.sweeps
    assert sweep.kernel == layout
    assert sweep.amount == record.weight_bytes <= 10**6
    assert 1 <= record.threads_used <= CORES


@pytest.mark.parametrize("precision", ["f32", "int8"])
async def test_products_are_counted(precision: str) -> None:
    params = GemmOptions(precision=precision, n=77, passes=2)
    record = await Compute().round(lane("gemm", params), RecordingContext())
    (sweep,) = record.sweeps
    assert (sweep.amount, len(sweep.elapsed_ns)) == (2 * 77**3, 2)


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        (MemoryOptions(threads=CORES + 1), "threads", f"{CORES + 1} requested"),
        (MemoryOptions(size_mb=1_000_000), "size_mb", "choose a smaller size_mb"),
        (GemvOptions(size_mb=1_000_000), "size_mb", "choose a smaller size_mb"),
        (GemmOptions(tier="mmx"), "tier", 'this processor has no "mmx"'),
    ],
)
async def test_what_cannot_be_measured_is_refused(
    params: ceilings.Options, field: str, words: str
) -> None:
    ready = ceilings.preflight(params)
    assert [problem.path for problem in ready.fields] == [field]
    assert words in ready.fields[0].message


async def test_n_grows_until_a_round_takes_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    class Fake:
        def __init__(self, n: int) -> None:
            sizes.append(n)
            self.sweeps = [("f32", 2 * n**3, [2 * n**3 // 100])]

    async def execute(make: Any, context: Any) -> Any:
        return make()

    monkeypatch.setattr(ceilings, "_ceiling", lambda params, n, passes: Fake(n))
    monkeypatch.setattr(ceilings, "execute", execute)
    params = GemmOptions(passes=5)
    values = await Compute().calibrate(lane("gemm", params), RecordingContext())
    # At 100 operations a nanosecond, five products of 2000 take 0.8 s, of 3000 take 2.7 s.
    assert values == {"n": 2000}
    assert sizes == [256, 512, 1024, 2048]


async def test_a_wrong_product_is_a_failed_round() -> None:
    class Wrong:
        def execute(self) -> None:
            raise core.KernelFault("row 3 is 1, but should be 2")

        def cancel(self) -> None:
            return

        def progress(self) -> tuple[int, int]:
            return 0, 0

    with pytest.raises(BenchraceError, match="row 3") as caught:
        await running.execute(Wrong, RecordingContext())
    assert caught.value.category is Category.BAD_OUTPUT


@pytest.mark.parametrize("params", [MemoryOptions(size_mb=1_000_000), GemmOptions(n=32_768)])
async def test_memory_that_is_gone_by_the_round_fails_it(
    params: ceilings.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise core.KernelRefused("needs 3 bytes of memory, 2 bytes are available")

    monkeypatch.setattr(ceilings, "_ceiling", refuse)
    with pytest.raises(BenchraceError, match="needs 3 bytes") as caught:
        await Compute().round(lane("gemm", params), RecordingContext())
    assert caught.value.category is Category.OUT_OF_MEMORY
    with pytest.raises(BenchraceError, match="needs 3 bytes"):
        await Compute().calibrate(lane("gemm", GemmOptions()), RecordingContext())
