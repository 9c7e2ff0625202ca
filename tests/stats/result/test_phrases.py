import pytest

from benchrace.formatting import listed
from benchrace.kinds import Better
from benchrace.run.result import Ratio
from benchrace.stats.result import phrases


@pytest.mark.parametrize(
    ("values", "unit", "wanted"),
    [
        ((172.3, 77.2), "tok/s", ["172", "77.2"]),
        ((12.55, 11.1), "tok/s", ["12.6", "11.1"]),
        ((542e6, 12.6e6), "primes/s", ["542 million", "12.6 million"]),
        ((542e6, 120e3), "primes/s", ["542 million", "120,000"]),
        ((1.37e9, 0.24e9), "numbers/s", ["1.37 billion", "240 million"]),
        ((999_999, 5), "primes/s", ["1.00 million", "5"]),
        ((163_412, 151_000), "primes/s", ["163,000", "151,000"]),
        ((0.92, 0.0), "x", ["0.92", "0"]),
        ((920, 2060.5), "ms", ["920 ms", "2.06 s"]),
        ((), "x", []),
    ],
)
def test_amounts_are_words_where_they_are_large(
    values: tuple[float, ...], unit: str, wanted: list[str]
) -> None:
    assert phrases.amounts(values, unit) == wanted


def test_exact_counts_are_whole() -> None:
    assert phrases.amounts((50847534, 78498), "primes", exact=True) == ["50,847,534", "78,498"]


@pytest.mark.parametrize(
    ("ratio", "unit", "better", "wanted"),
    [
        (1.0042, "tok/s", Better.HIGHER, "0.42 % faster"),
        (1.49, "ms", Better.LOWER, "49 % faster"),
        (1.5, "ms", Better.LOWER, "1.5x faster"),
        (0.4, "ms", Better.LOWER, "2.5x slower"),
        (27.63, "primes", Better.HIGHER, "27.6x higher"),
        (1.25, "J/tok", Better.LOWER, "20 % lower"),
        (0.8, "J/tok", Better.LOWER, "25 % higher"),
        (4, "J/tok", Better.LOWER, "4.0x lower"),
    ],
)
def test_a_margin_is_a_percentage_up_to_half_as_much_again(
    ratio: float, unit: str, better: Better, wanted: str
) -> None:
    assert phrases.margin(ratio, unit, better) == wanted


@pytest.mark.parametrize(
    ("value", "ci95", "wanted"),
    [
        (2.2, (1.6, 3.1), "95 % interval 1.6 to 3.1x"),
        (1.12, (1.05, 1.19), "95 % interval 5 to 19 %"),
        (1.12, (0.97, 1.31), "95 % interval −3 to 31 %"),
        (1.4, (1.02, 2.6), "95 % interval 1.02 to 2.6x"),
        (2.22, (2.21, 2.234), "95 % interval 2.21 to 2.23x"),
        (1.5, (1.4999, 1.5001), "95 % interval 1.50 to 1.50x"),
        (2.0, (2.0, 2.0), None),
        (2.0, None, None),
        (0.4, (0.36, 0.5), "95 % interval 2.0 to 2.8x"),
        (0.4, (0.0, 0.5), None),
    ],
)
def test_an_interval_is_in_the_terms_of_the_margin(
    value: float, ci95: tuple[float, float] | None, wanted: str | None
) -> None:
    assert phrases.interval(Ratio(value=value, ci95=ci95), "tok/s", Better.HIGHER) == wanted


def test_an_interval_of_what_is_lower_is_that_of_the_values() -> None:
    ratio = Ratio(value=1.25, ci95=(1.0, 1.6))
    assert phrases.interval(ratio, "J/tok", Better.LOWER) == "95 % interval −38 to 0 %"


@pytest.mark.parametrize(
    ("unit", "better", "wanted"),
    [
        ("tok/s", Better.HIGHER, True),
        ("ms", Better.LOWER, True),
        ("J/tok", Better.LOWER, False),
        ("primes", Better.HIGHER, False),
        ("errors/s", Better.LOWER, False),
    ],
)
def test_only_times_and_rates_are_faster(unit: str, better: Better, wanted: bool) -> None:
    assert phrases.is_speed(unit, better) is wanted


def test_names_are_joined_and_begin_a_sentence_as_they_are() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert phrases.sentence("rounds vary") == "Rounds vary"
    assert phrases.sentence("small-q8 slows down", "small-q8") == "small-q8 slows down"
