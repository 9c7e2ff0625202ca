"""Figures that a server tells: a faulty one is passed on as it came, and costs no answer."""

import json
from typing import Any

import pytest

from benchrace.plugin import EngineTimes, Usage
from benchrace_openai.stream import read


def event(**fields: Any) -> bytes:
    return json.dumps({"choices": [], **fields}).encode()


@pytest.mark.parametrize("value", [-1, 2.5, "soon", None, [3]])
def test_counts_are_taken_as_they_come(value: Any) -> None:
    piece = read(event(usage={"prompt_tokens": value, "completion_tokens": 5}))
    assert piece.usage == Usage(prompt=value, output=5)


@pytest.mark.parametrize(
    ("value", "meant"), [(-2.0, -2_000_000), (1.5, 1_500_000), ("soon", "soon"), (None, None)]
)
def test_times_are_taken_as_they_come(value: Any, meant: Any) -> None:
    timings = {"cache_n": "x", "prompt_n": "y", "predicted_n": 3, "predicted_ms": value}
    piece = read(event(usage={"prompt_tokens": 7}, timings=timings))
    assert piece.times == EngineTimes(decode_ns=meant, decode_tokens=3)
    assert piece.usage is not None
    assert piece.usage.prompt == 7
