"""The races of these tests, as specifications."""

from typing import Any

QUICK: dict[str, Any] = {
    "kind": "compute",
    "params": {"n": 2_000_000, "threads": 1},
    "lanes": [
        {"params": {"algorithm": "segmented_sieve"}},
        {"params": {"algorithm": "simple_sieve"}},
    ],
    "rounds": 3,
}

# One thread dividing: some tenths of a second a round on any machine of today.
STEADY: dict[str, Any] = {
    "kind": "compute",
    "params": {"algorithm": "trial_division", "threads": 1, "n": 2_000_000},
    "lanes": [{"label": "one"}, {"label": "other"}],
    "rounds": 12,
    "warmup": 0,
    "sampling_s": 0.1,
}

# To be ended by a person.
LONG: dict[str, Any] = STEADY | {
    "params": STEADY["params"] | {"n": 5_000_000},
    "rounds": 20,
}
