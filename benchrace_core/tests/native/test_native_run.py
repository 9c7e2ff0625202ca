"""One run: counts, threads, time, progress, once only."""

import time

import pytest

from benchrace_core import ALGORITHMS, Run, available_threads, cpu_tier, cpu_tiers, known_pi, limits

RANGES = (
    (1, 999_983, 78_498),
    (999_999_937, 1_000_000_937, 49),
    (123_456_789_012, 123_466_789_012, 391_586),
    (10**12, 10**12 + 10**6, 36_249),
    (8_765_432_109_876, 8_765_532_109_876, 3_355_637),
    (10**13 - 10**6, 10**13, 33_226),
)
LIMITS = (1, 2, 3, 4, 100, 65_536, 1_000_000, 2_000_000)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", LIMITS)
def test_counts_are_the_known_ones(algorithm: str, n: int) -> None:
    for threads in range(1, available_threads() + 1):
        assert Run(algorithm, n, threads).execute().primes == known_pi(n)


@pytest.mark.parametrize("n", [123_456_789, 500_000_000, 1_000_000_007])
def test_large_counts_are_the_known_ones(n: int) -> None:
    assert Run("segmented_sieve", n, available_threads()).execute().primes == known_pi(n)


@pytest.mark.parametrize("tier", ["baseline", *cpu_tiers()])
def test_every_tier_counts_the_same(tier: str) -> None:
    count = Run("segmented_sieve", 100_000_000, available_threads(), tier=tier).execute()
    assert count.primes == known_pi(100_000_000)
    assert count.cpu_tier == (cpu_tiers()[-1] if tier == "baseline" else tier)


# Counted by primesieve 12.16.
@pytest.mark.parametrize(("start", "n", "primes"), RANGES)
def test_ranges_agree_with_another_program(start: int, n: int, primes: int) -> None:
    assert Run("segmented_sieve", n, start=start).execute().primes == primes


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_count_says_what_it_took(algorithm: str) -> None:
    before = time.monotonic_ns()
    count = Run(algorithm, 2_000_000).execute()
    outside = time.monotonic_ns() - before
    assert 0 < count.elapsed_ns <= outside
    assert count.threads_used == 1
    assert count.blocks > 0
    own = cpu_tiers()[-1] if algorithm == "trial_division" else cpu_tier()
    assert count.cpu_tier == own
    assert f"primes={count.primes}" in repr(count)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_progress_goes_from_nothing_to_all(algorithm: str) -> None:
    run = Run(algorithm, 2_000_000)
    assert run.progress() == (0, 0)
    count = run.execute()
    assert run.progress() == (count.blocks, count.blocks)


def test_a_run_is_executed_once() -> None:
    run = Run("segmented_sieve", 1000)
    run.execute()
    with pytest.raises(RuntimeError, match="executed before"):
        run.execute()


@pytest.mark.slow
@pytest.mark.skipif(available_threads() < 2, reason="needs two cores")
def test_all_threads_are_used() -> None:
    count = Run("trial_division", 10_000_000, 2).execute()
    assert count.threads_used == 2


def test_limits_can_be_run_or_are_refused() -> None:
    for algorithm in ALGORITHMS:
        lowest, highest = limits(algorithm)
        assert Run(algorithm, lowest).execute().primes == 0
        with pytest.raises(ValueError, match=r"^n: "):
            Run(algorithm, lowest - 1)
        with pytest.raises(ValueError, match=r"^n: "):
            Run(algorithm, highest * 10)
    assert limits("segmented_sieve")[1] == 10**13
