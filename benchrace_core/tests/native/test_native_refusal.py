"""What a run refuses, and that panics are ordinary exceptions."""

import re

import pytest

from benchrace_core import (
    ALGORITHMS,
    KernelPanic,
    KernelRefused,
    Run,
    available_threads,
    cpu_tiers,
    limits,
)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [0, -1, -(10**40), 2**64, pytest.param(10**5000, id="5001 digits")])
def test_an_impossible_n_names_the_field(algorithm: str, n: int) -> None:
    with pytest.raises(ValueError, match=r"^n: "):
        Run(algorithm, n)


@pytest.mark.parametrize("n", ["1000", 1000.0, None, True])
def test_an_n_that_is_no_integer_is_a_type_error(n: object) -> None:
    with pytest.raises(TypeError, match=r"^n: .*integer"):
        Run("segmented_sieve", n)  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, -1, available_threads() + 1, 2**70])
def test_impossible_threads_name_the_field(threads: int) -> None:
    with pytest.raises(ValueError, match=r"^threads: "):
        Run("segmented_sieve", 1000, threads)


@pytest.mark.parametrize("ask", [lambda: Run("atkin", 1000), lambda: limits("atkin")])
def test_an_unknown_algorithm_lists_the_known(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match=r"^algorithm: .*atkin.*segmented_sieve"):
        ask()


@pytest.mark.parametrize("start", [0, -1, 2**64])
def test_an_impossible_start_names_the_field(start: int) -> None:
    with pytest.raises(ValueError, match=r"^start: "):
        Run("segmented_sieve", 1000, start=start)


def test_an_n_below_start_is_a_fault_of_n() -> None:
    with pytest.raises(ValueError, match=r"^n: 1000 is below start = 1001$"):
        Run("segmented_sieve", 1000, start=1001)


def test_only_the_segmented_sieve_counts_ranges() -> None:
    with pytest.raises(ValueError, match=r"^start: .*segmented_sieve counts any range"):
        Run("simple_sieve", 1000, start=2)


def test_an_unknown_tier_lists_those_of_this_processor() -> None:
    *better, own = cpu_tiers()
    names = re.escape(", ".join([*better, f"baseline ({own})"]))
    with pytest.raises(ValueError, match=rf"^tier: .*mmx.* it has {names}\. .*VPOPCNTDQ"):
        Run("segmented_sieve", 1000, tier="mmx")


def test_trial_division_has_no_tier_to_choose() -> None:
    with pytest.raises(ValueError, match=r"^tier: trial_division has no choice"):
        Run("trial_division", 1000, tier="baseline")


def test_memory_is_refused_with_both_figures() -> None:
    with pytest.raises(KernelRefused, match=r"^n: needs 62500000 bytes .* 1000 bytes") as caught:
        Run("simple_sieve", 10**9, memory_limit=1000)
    assert isinstance(caught.value, ValueError)


def test_more_memory_than_the_machine_has_is_refused() -> None:
    with pytest.raises(KernelRefused, match="bytes are available"):
        Run("simple_sieve", 10**13, memory_limit=2**30)


def test_memory_does_not_bind_the_others() -> None:
    assert Run("segmented_sieve", 1000, memory_limit=1).execute().primes == 168


@pytest.mark.parametrize("threads", [1, available_threads()])
def test_a_panic_is_an_ordinary_exception(threads: int) -> None:
    with pytest.raises(KernelPanic, match="asked to panic in task") as caught:
        Run("_panic", 100, threads).execute()
    assert isinstance(caught.value, RuntimeError)


def test_the_panicking_kernel_is_not_on_offer() -> None:
    assert "_panic" not in ALGORITHMS
