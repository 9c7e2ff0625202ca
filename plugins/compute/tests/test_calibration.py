"""Finding N: a round of about two seconds, and an N whose count is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import benchrace_core as core
from benchrace_compute.backend import COSTS, SIEVE
from benchrace_compute.calibration import calibrate, round_down


@pytest.mark.parametrize("exponent", [1.05, 1.4])
@pytest.mark.parametrize("at_a_million_s", [1e-5, 1e-3, 0.1, 3.0])
async def test_the_round_takes_about_two_seconds(exponent: float, at_a_million_s: float) -> None:
    requests: list[int] = []

    def cost(n: int) -> float:
        return float(at_a_million_s * (n / 1e6) ** exponent)

    async def seconds(n: int) -> float:
        requests.append(n)
        return cost(n)

    n = await calibrate(seconds, first=1_000_000, limit=10**13, exponent=exponent)
    assert 0.7 < cost(n) <= 2.01
    assert sum(cost(n) for n in requests) < 8


async def test_the_limit_is_kept_even_where_it_is_quick() -> None:
    async def seconds(n: int) -> float:
        return 1e-6

    n = await calibrate(seconds, first=2_000_000, limit=3_500_000, exponent=1.05)
    assert n == 3_000_000
    small = await calibrate(seconds, first=2_000_000, limit=7, exponent=1.05)
    assert small == 7


@given(st.floats(1, 1e13))
def test_what_is_found_can_be_checked(n: float) -> None:
    rounded = round_down(n)
    assert 1 <= rounded <= n
    assert rounded > n / 2 - 1
    assert core.known_pi(rounded) is not None


def test_every_algorithm_has_a_cost_that_fits_its_limits() -> None:
    assert set(COSTS) <= set(core.ALGORITHMS)
    for algorithm in core.ALGORITHMS:
        least, most = core.limits(algorithm)
        assert least <= COSTS.get(algorithm, SIEVE).first <= most
