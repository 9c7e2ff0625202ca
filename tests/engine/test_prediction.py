"""How the benchmark of predictions reports a lane."""

from typing import Any

import pytest

from benchmarks.prediction import line


@pytest.mark.parametrize(
    ("own", "timed"),
    [
        (41.25, "41.25 by the engine's own timings"),
        (None, "the engine gives no timings of its own"),
    ],
)
def test_an_engine_may_give_no_timings(own: float | None, timed: str) -> None:
    lane: dict[str, Any] = {
        "verdict": "VALID",
        "ceiling": {"text": None, "reason": "not measured"},
        "summary": {
            "gen_tokens_per_s": {"value": 40.0, "cv": 0.01},
            "engine_gen_tokens_per_s": {"value": own, "cv": None},
        },
    }
    text = "small: 40.00 tok/s measured (CV 1.0%, VALID), "
    assert line("small", lane) == f"{text}{timed}; not measured"
