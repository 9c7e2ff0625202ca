"""What `benchmarks.sieve_limits` accepts, and when it cancels."""

import pytest

from benchmarks.sieve_limits import SPREAD_S, arguments, cancelled, moments


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (("--memory-n", "1000000001"), "primes up to 1000000001 is not on record"),
        (("--memory-n", "0"), "primes up to 0 is not on record"),
        (("--memory-n", "inf"), "invalid number 'inf' (e.g. 1e10)"),
        (("--memory-n", "ten"), "invalid number 'ten' (e.g. 1e10)"),
        (("--cancels", "0"), "invalid number '0': 1 or more"),
        (("--threads", "1", "0"), "invalid number '0': 1 or more"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_counted(
    argv: tuple[str, str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        arguments(argv)
    assert error in capsys.readouterr().err


def test_numbers_are_read_in_both_forms() -> None:
    options = arguments(("--memory-n", "2e10", "--cancels", "3"))
    assert (options.memory_n, options.cancels) == (20_000_000_000, 3)
    assert arguments(("--memory-n", "1000000")).memory_n == 1_000_000


def test_cancels_are_spread_and_none_comes_before_the_count() -> None:
    assert moments(4) == [0.25, 0.5, 0.75, SPREAD_S]
    assert moments(1) == [SPREAD_S]


def test_a_cancelled_count_is_timed() -> None:
    wait_s, blocks = cancelled(1, 0.01)
    assert wait_s > 0
    assert blocks >= 0
