"""The figures that engines report: converted, or dropped one by one if they are impossible."""

from typing import Any

import pytest

from benchrace.kinds.llm import EngineTimes, Usage
from benchrace.plugin.llm.engine_stats import validate
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.stream import ResponseReader
from benchrace.plugin.stream import Chunk


@pytest.mark.parametrize("value", [-1, 3.5, True, "many", [1], 10**10, {"a": 1}])
def test_an_impossible_figure_is_dropped_and_the_others_stay(value: Any) -> None:
    usage, faults = validate(Usage(prompt=value, output=12, unseen=1))
    assert usage == Usage(output=12, unseen=1)
    assert faults == {"prompt": f"the engine reports {value!r} as its prompt tokens"}


@pytest.mark.parametrize("value", [12, 12.0, "12"])
def test_a_whole_number_is_accepted_in_any_notation(value: Any) -> None:
    usage, faults = validate(Usage(output=value))
    assert (usage.output, faults) == (12, {})
    assert type(usage.output) is int


def test_times_are_validated_too() -> None:
    times, faults = validate(EngineTimes(decode_ns=-5, prefill_ns=7, printed_rate=-1.0))
    assert times == EngineTimes(prefill_ns=7)
    assert set(faults) == {"decode_ns", "printed_rate"}


def test_a_long_value_is_truncated_in_the_reason() -> None:
    value: Any = "x" * 10_000
    _, faults = validate(Usage(cached=value))
    assert len(faults["cached"]) < 100


def test_an_answer_records_the_faults() -> None:
    reader = ResponseReader(lambda text, *, reasoning=False: None, lambda done, total: None)
    chunk = Chunk(b"", 1, 1, 0)
    reader.take(chunk, Delta(text="a", times=EngineTimes(decode_ns=-1, decode_tokens=2)))
    reader.take(chunk, Delta(usage=Usage(output=2)))
    answer = reader.answer(request=0, t0_ns=0, send_ns=0, end_ns=2, connect_ns=None, clean=True)
    assert answer.times == EngineTimes(decode_tokens=2)
    assert answer.usage == Usage(output=2)
    assert list(answer.faults) == ["decode_ns"]


def answer_of(*pieces: Delta) -> Any:
    reader = ResponseReader(lambda text, *, reasoning=False: None, lambda done, total: None)
    for piece in pieces:
        reader.take(Chunk(b"", 1, 1, 0), piece)
    return reader.answer(request=0, t0_ns=0, send_ns=0, end_ns=2, connect_ns=None, clean=True)


def test_a_count_of_zero_is_unknown_and_so_is_its_cached_count() -> None:
    answer = answer_of(
        Delta(text="a"), Delta(usage=Usage(prompt=0, output=0, cached=0, reasoning=0))
    )
    assert answer.usage == Usage(reasoning=0)
    assert answer.faults == {
        "prompt": "the engine reports 0 as its prompt tokens",
        "output": "the engine reports 0 as its output tokens",
        "cached": "the engine reports 0 as its cached tokens",
    }
    assert answer_of(Delta(text="a"), Delta(usage=Usage(prompt=9, cached=0))).usage.cached == 0


@pytest.mark.parametrize("value", [0, -3, 2.5, "many"])
def test_the_last_credible_figure_counts(value: Any) -> None:
    good = Delta(text="a", usage=Usage(prompt=9, output=2), times=EngineTimes(decode_ns=7))
    bad = Delta(usage=Usage(prompt=value, output=value), times=EngineTimes(decode_ns=value))
    for pieces in ((good, bad), (bad, good), (bad, good, bad)):
        answer = answer_of(*pieces)
        assert (answer.usage.prompt, answer.usage.output, answer.times.decode_ns) == (9, 2, 7)
        assert answer.faults == {}
