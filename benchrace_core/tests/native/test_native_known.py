"""Known counts, and the first primes."""

import pytest

from benchrace_core import Run, first_primes, known_pi


def test_powers_of_ten_are_on_record() -> None:
    assert [known_pi(10**k) for k in (1, 6, 9)] == [4, 78_498, 50_847_534]
    assert known_pi(10**13) == 346_065_536_839


@pytest.mark.parametrize("n", [-1, 0, 1_000_003, 10**14, 10**40])
def test_other_counts_are_not(n: int) -> None:
    assert known_pi(n) is None


def test_first_primes_are_as_many_as_asked_or_there() -> None:
    assert first_primes(6, 10**13) == [2, 3, 5, 7, 11, 13]
    assert first_primes(6, 7) == [2, 3, 5, 7]
    assert first_primes(0, 100) == []


def test_first_primes_agree_with_a_count() -> None:
    primes = first_primes(10_000, 10**13)
    assert len(primes) == 10_000
    assert Run("trial_division", primes[-1]).execute().primes == 10_000


@pytest.mark.parametrize(
    ("k", "limit", "field"), [(-1, 10, "k"), (10**7, 10, "k"), (5, -1, "limit")]
)
def test_impossible_questions_name_the_field(k: int, limit: int, field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        first_primes(k, limit)
