"""The script: how fast a machine is in a round. The same seed gives the same speeds."""

import math
from random import Random
from typing import NamedTuple

from benchrace_simulated.profiles import MODELS, Profile

# Rounds until a machine is about as hot as it gets, and what the first one loses to cold caches.
_HOT_AFTER = 3.0
_COLD_START = 0.12
_TOKEN_NOISE = 0.06


class Pace(NamedTuple):
    """The speed of one round: `failed` after that share of its work, null where it goes well."""

    factor: float
    failed: float | None


def pace(profile: Profile, seed: int, machine: str, round_: int, failures: float = 0.0) -> Pace:
    """Return the speed of a round by its number; a negative one is before the first round."""
    drawn = Random(f"{seed} {machine} {round_}")
    hot = profile.cooling * (1 - math.exp(-max(0, round_) / _HOT_AFTER))
    cold = _COLD_START if round_ <= 0 else 0.0
    factor = (1 - hot) * (1 - cold) * max(0.5, drawn.gauss(1.0, profile.noise))
    fails = round_ >= 0 and drawn.random() < failures
    return Pace(factor, drawn.uniform(0.1, 0.9) if fails else None)


def token_times(rate: float, count: int, drawn: Random) -> list[float]:
    """Return when each token comes, in seconds after the first one."""
    at, times = 0.0, []
    for _ in range(count):
        times.append(at)
        at += max(0.2, drawn.gauss(1.0, _TOKEN_NOISE)) / rate
    return times


def decode_rate(profile: Profile, model: str) -> float:
    """Return tokens per second of a model; raises `KeyError` for one that no machine has."""
    return profile.tokens / MODELS[model]
