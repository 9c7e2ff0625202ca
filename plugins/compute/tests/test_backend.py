"""The compute backend: counts that are right, refusals that say why, cancels that are quick."""

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import benchrace_core as core
from benchrace.plugin import BenchraceError, Category, Lane
from benchrace.testing import RecordingContext, job_lane, job_spec, plugin_ref, run_job
from benchrace.testing.contract import BackendContract
from benchrace_compute import backend as module
from benchrace_compute import calibration, running
from benchrace_compute.backend import Compute, Cost
from benchrace_compute.params import COUNTING, Options

CORES = core.available_threads()


class TestCompute(BackendContract):
    backend = Compute
    params = {"n": 100_000, "stream_first_k": 3}  # noqa: RUF012 - a ClassVar of the contract
    long_params = {"n": 10**13, "progress_interval_s": 0.05}  # noqa: RUF012
    cancel_within_s = 1.0


def lane(**params: Any) -> Lane[Options]:
    return Lane(lane_id="lane-0", label="a", kind="compute", params=Options(**params))


@pytest.mark.parametrize("algorithm", core.ALGORITHMS)
@pytest.mark.parametrize(("n", "primes"), [(1, 0), (2, 1), (10_000, 1229), (1_000_000, 78_498)])
async def test_counts_are_right(algorithm: str, n: int, primes: int) -> None:
    context = RecordingContext()
    record = await Compute().round(lane(algorithm=algorithm, n=n), context)
    assert (record.primes_found, record.primes_expected) == (primes, core.known_pi(n))
    assert record.elapsed_ns > 0
    done, total, unit = context.steps[-1]
    assert (done, unit) == (total, "blocks")


@pytest.mark.parametrize(("threads", "most"), [(0, CORES), (1, 1), (CORES, CORES)])
async def test_threads_are_those_asked_for(threads: int, most: int) -> None:
    record = await Compute().round(lane(n=100_000_000, threads=threads), RecordingContext())
    assert record.threads_requested == threads
    assert 1 <= record.threads_used <= most


@pytest.mark.parametrize(
    ("start", "n", "primes", "expected"),
    [(101, 200, 21, 21), (102, 200, 20, None), (10**13 - 100, 10**13, 1, None)],
)
async def test_ranges_are_counted(start: int, n: int, primes: int, expected: int | None) -> None:
    record = await Compute().round(lane(start=start, n=n), RecordingContext())
    assert (record.start, record.primes_found) == (start, primes)
    assert record.primes_expected == expected


async def test_the_instructions_can_be_chosen() -> None:
    for tier in ("baseline", *core.cpu_tiers()[:-1]):
        record = await Compute().round(lane(n=10**6, tier=tier), RecordingContext())
        assert record.cpu_tier == (core.cpu_tiers()[-1] if tier == "baseline" else tier)
        assert record.primes_found == 78_498


async def test_the_first_primes_are_shown_and_kept() -> None:
    context = RecordingContext()
    record = await Compute().round(lane(n=1000, stream_first_k=5), context)
    assert record.first_primes == (2, 3, 5, 7, 11)
    assert context.lines == [
        *("prime[1]=2", "prime[2]=3", "prime[3]=5", "prime[4]=7", "prime[5]=11")
    ]


async def test_a_wrong_count_is_a_failed_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "known_pi", lambda n: 7)
    with pytest.raises(BenchraceError, match="found 168 primes up to 1000; there are 7") as caught:
        await Compute().round(lane(n=1000), RecordingContext())
    assert caught.value.category is Category.BAD_OUTPUT


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"threads": CORES + 1}, "threads", f"{CORES + 1} requested"),
        ({"algorithm": "trial_division", "n": 10**12}, "n", "1000000000000"),
        ({"tier": "mmx"}, "tier", 'this processor has no "mmx"; it has '),
        ({"algorithm": "trial_division", "tier": "baseline"}, "tier", "no choice of instructions"),
        ({"start": 1001, "n": 1000}, "n", "1000 is below start = 1001"),
        ({"start": 2, "n": 1000, "stream_first_k": 3}, "stream_first_k", "not from 2; set it to 0"),
        ({"algorithm": "simple_sieve", "start": 2}, "start", "simple_sieve counts from 1"),
        ({"algorithm": "simple_sieve", "n": 10**13}, "n", "the largest N that fits now is"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_it_is_tried(
    params: dict[str, Any], field: str, message: str
) -> None:
    result = await Compute().preflight(lane(**params), RecordingContext())
    assert [field.path for field in result.fields] == [field]
    assert message in result.fields[0].message


async def test_the_probe_names_the_version_of_the_kernels() -> None:
    result = await Compute().probe(RecordingContext())
    assert (result.reachable, result.version) == (True, metadata.version("benchrace-core"))


async def test_auto_n_ends_beyond_a_start_above_its_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Readiness is asked with the default N in place of "auto"."""
    high = lane(start=10**12, n=Options().n)
    ready = await Compute().preflight(high, RecordingContext())
    assert [field.path for field in ready.fields] == [COUNTING.automatic]
    monkeypatch.setattr(module, "SIEVE", Cost(first=1000, exponent=1.05))
    # The first count will do: it is not timed here.
    monkeypatch.setattr(calibration, "_ENOUGH_S", 0.0)
    values = await Compute().calibrate(high, RecordingContext())
    assert set(values) == {"n"}
    assert 10**12 < values["n"] <= core.limits("segmented_sieve")[1]
    assert not (await Compute().preflight(lane(start=10**12, **values), RecordingContext())).fields


async def test_a_panic_of_a_kernel_is_a_failure_of_the_round() -> None:
    class Panics:
        def execute(self) -> None:
            raise core.KernelPanic("at the disco")

        def cancel(self) -> None:
            return

        def progress(self) -> tuple[int, int]:
            return 0, 0

    with pytest.raises(BenchraceError, match="at the disco") as caught:
        await running.execute(Panics, RecordingContext())
    assert caught.value.category is Category.PLUGIN_ERROR


def test_a_race_of_kernels_in_a_real_worker(tmp_path: Path) -> None:
    lanes = [
        job_lane(0, "compute", {"n": 2_000_000, "threads": 1}),
        job_lane(1, "compute", {"n": 2_000_000, "algorithm": "simple_sieve"}),
    ]
    spec = job_spec("compute", lanes, rounds=2)
    done = run_job(spec, tmp_path, [plugin_ref("benchrace_compute.plugin", "compute")])
    metrics = done.end.payload.metrics
    assert metrics["lane-0.primes_found"] == metrics["lane-1.primes_found"] == 148_933
    assert {"elapsed_ms", "primes_per_sec", "threads_used"} <= {
        name.removeprefix("lane-0.") for name in metrics if name.startswith("lane-0.")
    }
