"""What engines tell of themselves: taken as it is meant, or left out alone."""

from typing import Any

import pytest

from benchrace.kinds.llm import EngineTimes, Usage
from benchrace.plugin.llm.figures import sound
from benchrace.plugin.llm.hearing import Hearing
from benchrace.plugin.llm.piece import Piece
from benchrace.plugin.stream import Chunk


@pytest.mark.parametrize("told", [-1, 3.5, True, "many", [1], 10**10, {"a": 1}])
def test_a_figure_that_cannot_be_is_left_out_and_the_others_stay(told: Any) -> None:
    usage, wrong = sound(Usage(prompt=told, output=12, unseen=1))
    assert usage == Usage(output=12, unseen=1)
    assert wrong == {"prompt": f"the engine tells {told!r} for its prompt's tokens"}


@pytest.mark.parametrize("told", [12, 12.0, "12"])
def test_a_whole_number_is_one_however_it_is_written(told: Any) -> None:
    usage, wrong = sound(Usage(output=told))
    assert (usage.output, wrong) == (12, {})
    assert type(usage.output) is int


def test_times_are_held_to_their_bounds_too() -> None:
    times, wrong = sound(EngineTimes(decode_ns=-5, prefill_ns=7, printed_rate=-1.0))
    assert times == EngineTimes(prefill_ns=7)
    assert set(wrong) == {"decode_ns", "printed_rate"}


def test_what_was_told_is_not_repeated_at_length() -> None:
    told: Any = "x" * 10_000
    _, wrong = sound(Usage(cached=told))
    assert len(wrong["cached"]) < 100


def test_an_answer_keeps_what_was_told_wrongly() -> None:
    hearing = Hearing(lambda text, *, reasoning=False: None, lambda done, total: None)
    chunk = Chunk(b"", 1, 1, 0)
    hearing.take(chunk, Piece(text="a", times=EngineTimes(decode_ns=-1, decode_tokens=2)))
    hearing.take(chunk, Piece(usage=Usage(output=2)))
    answer = hearing.answer(request=0, t0_ns=0, send_ns=0, end_ns=2, connect_ns=None, clean=True)
    assert answer.times == EngineTimes(decode_tokens=2)
    assert answer.usage == Usage(output=2)
    assert list(answer.faults) == ["decode_ns"]
