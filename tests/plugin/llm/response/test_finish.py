"""Finish reasons: which ends are good, which are a filter's, and that all others are failures."""

import pytest

from benchrace.errors import Category
from benchrace.events import Level
from benchrace.plugin.llm.response.finish import Ending, counted, ending, failure_of
from tests.kinds.llm_answers import answer, serve, single
from tests.plugin.llm.test_answer_checks import codes, marked


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        *((word, Ending.COMPLETE) for word in ("stop", "length", "eos_token", "end_turn", "STOP")),
        *((word, Ending.COMPLETE) for word in ("tool_calls", "max_tokens", "stop_sequence")),
        *((word, Ending.COMPLETE) for word in ("MAX_TOKENS", "eosFound", "model_length")),
        *((word, Ending.FILTERED) for word in ("content_filter", "SAFETY", "refusal")),
        *((word, Ending.FAILED) for word in ("abort", "error", "cancelled", "network_error", "?")),
        *((word, Ending.FAILED) for word in ("load", "unload", "repetition", "stopped by force")),
        *((word, Ending.ABSENT) for word in (None, "", "null", "None")),
    ],
)
def test_a_word_that_no_engine_uses_for_a_good_end_is_a_failure(
    reason: str | None, wanted: Ending
) -> None:
    assert ending(reason) is wanted
    assert counted(reason) == (wanted in (Ending.COMPLETE, Ending.FILTERED))
    failure = failure_of(reason)
    assert (failure is not None) == (wanted is Ending.FAILED)
    assert failure is None or failure.category is Category.STREAM_ERROR


def test_a_reason_is_repeated_without_what_could_move_a_cursor() -> None:
    failure = failure_of("\x1b[2Jbad\n" + "x" * 1000)
    assert failure is not None
    assert failure.message.isprintable()
    assert len(failure.message) < 200


def test_a_filter_is_a_mark_of_its_own_and_of_many_answers_too() -> None:
    filtered = answer(finish="content_filter")
    alone = marked(single(), filtered)
    assert (codes(alone), alone.verdict.level) == (["content_filter"], Level.SUSPECT)
    context = marked(serve(), filtered, answer())
    assert codes(context) == ["content_filter"]
    assert context.verdict.reasons[0].text.startswith("1 of 2 answers: ")
