"""Whether an engine's times are good enough to detect waiting."""

from typing import Any

import pytest

from benchrace.kinds.llm import EngineTimes, Usage
from benchrace.plugin import times_are_credible
from tests.kinds.llm_answers import MS, answer

GOOD = {"prefill_ns": 5 * MS, "decode_ns": 200 * MS, "decode_tokens": 11}


@pytest.mark.parametrize(
    ("times", "changes", "credible"),
    [
        (GOOD, {}, True),
        ({**GOOD, "prefill_ns": 0}, {}, False),
        ({**GOOD, "prefill_ns": None}, {}, False),
        ({**GOOD, "decode_ns": 0}, {}, False),
        ({**GOOD, "decode_ns": 1}, {}, False),
        ({**GOOD, "prefill_ns": 1}, {}, False),
        (GOOD, {"faults": {"total_ns": "it told nonsense"}}, False),
        (GOOD, {"faults": {"cached": "it told nonsense"}}, True),
        ({"prefill_ns": 5 * MS}, {"usage": Usage(prompt=9, output=1, cached=0)}, True),
        ({"prefill_ns": 5 * MS}, {"usage": Usage(prompt=9, cached=0)}, False),
    ],
)
def test_impossible_times_do_not_prove_waiting(
    times: dict[str, Any], changes: dict[str, Any], credible: bool
) -> None:
    usage = {"usage": Usage(prompt=9, output=11, cached=0)}
    timed = answer(times=EngineTimes(**times), **{**usage, **changes})
    assert times_are_credible(timed) is credible
