import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.stats.student import quantile, upper_tail

# To import scipy takes a second: one process does it for all.
pytestmark = pytest.mark.xdist_group("scipy")

DEGREES = [*range(1, 60), 79, 80, 81, 120, 1000, 99_999.9, 100_001, 1e8]


@pytest.mark.slow
@pytest.mark.parametrize("probability", [0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9995])
def test_quantiles_are_scipys(reference: Any, probability: float) -> None:
    expected = dict(zip(DEGREES, reference.t.ppf(probability, DEGREES), strict=True))
    assert {df: quantile(probability, df) for df in DEGREES} == pytest.approx(expected, rel=1e-11)


@pytest.mark.slow
@given(probability=st.floats(0.51, 0.99999), df=st.floats(0.5, 1e7))
def test_quantiles_of_any_degrees_of_freedom_are_scipys(
    reference: Any, probability: float, df: float
) -> None:
    assert quantile(probability, df) == pytest.approx(reference.t.ppf(probability, df), rel=1e-9)


@given(probability=st.floats(0.6, 0.9999), df=st.floats(0.5, 1e6))
def test_the_tail_beyond_a_quantile_is_what_was_asked_for(probability: float, df: float) -> None:
    assert upper_tail(quantile(probability, df), df) == pytest.approx(1 - probability, rel=1e-9)


def test_the_distribution_is_symmetric() -> None:
    assert quantile(0.5, 3) == 0
    assert quantile(0.025, 4) == pytest.approx(-quantile(0.975, 4))


def test_one_degree_of_freedom_is_known_in_closed_form() -> None:
    # df = 1 is Cauchy's: tan(pi (p - 1/2)); df = 2: (2p - 1) / sqrt(2 p (1 - p)).
    assert quantile(0.975, 1) == pytest.approx(math.tan(0.475 * math.pi), rel=1e-13)
    assert quantile(0.75, 1) == pytest.approx(1, rel=1e-13)
    assert quantile(0.975, 2) == pytest.approx(0.95 / (2 * 0.975 * 0.025) ** 0.5, rel=1e-13)


@pytest.mark.parametrize(("probability", "df"), [(0, 1), (1, 1), (0.5, 0), (float("nan"), 1)])
def test_nonsense_is_refused(probability: float, df: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(probability, df)
