"""The script: the same seed gives the same speeds, and they are believable."""

from random import Random
from statistics import fmean

import pytest

from benchrace_simulated.pace import decode_rate, pace, token_times
from benchrace_simulated.profiles import BY_KEY, PROFILES, seats


def factors(key: str, rounds: int = 12, seed: int = 0) -> list[float]:
    return [pace(BY_KEY[key], seed, key, number).factor for number in range(rounds)]


def test_the_same_seed_gives_the_same_speeds() -> None:
    assert factors("h100") == factors("h100")
    assert factors("h100") != factors("h100", seed=1)


def test_the_first_round_is_slow_and_a_laptop_gets_hot() -> None:
    cool, hot = factors("mac-studio"), factors("macbook-air")
    assert cool[0] < min(cool[1:])
    assert fmean(cool[1:]) == pytest.approx(1, abs=0.02)
    assert fmean(hot[8:]) < hot[1] * 0.9


def test_rounds_fail_only_where_that_is_wished() -> None:
    profile = BY_KEY["epyc"]
    none = [pace(profile, 0, "m", number).failed for number in range(50)]
    some = [pace(profile, 0, "m", number, 0.3).failed for number in range(200)]
    assert set(none) == {None}
    shares = [share for share in some if share is not None]
    assert 30 < len(shares) < 90
    assert all(0 < share < 1 for share in shares)
    assert pace(profile, 0, "m", -1, 1.0).failed is None


def test_tokens_come_at_the_rate_on_average() -> None:
    times = token_times(100.0, 1001, Random(0))
    assert times == sorted(times)
    assert times[-1] == pytest.approx(10, rel=0.02)


def test_larger_models_are_slower_on_every_machine() -> None:
    for profile in PROFILES:
        assert decode_rate(profile, "demo-8b-q8") < decode_rate(profile, "demo-1b-q8")


def test_any_number_of_machines_have_names_of_their_own() -> None:
    fleet = seats(100)
    assert len({seat.machine_id for seat in fleet}) == len({seat.label for seat in fleet}) == 100
    assert all(seat.machine_id.startswith("sim-") for seat in fleet)
    assert seats(2, first=3) == fleet[3:5]
