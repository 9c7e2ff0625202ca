"""A first token that came too soon for a prompt that the engine has never seen."""

from typing import Any

import msgspec
import pytest

from benchrace.kinds import LaneRecord
from benchrace.kinds.llm import CacheState, EngineFacts, EngineTimes, LlmRecord, Usage
from benchrace.kinds.llm.review import review
from tests.kinds.llm_answers import MS, answer, single

WEIGHTS = "sha256-aa"


def played(
    lane_id: str,
    ttft_ms: float,
    *,
    tokens: int | None = 571,
    engine: dict[str, Any] | None = None,
    step_ms: int = 20,
    load_ms: int = 0,
    **more: Any,
) -> LaneRecord:
    """A round of 11 tokens, `step_ms` apart, whose first one came after `ttft_ms`."""
    first = int(ttft_ms * MS)
    facts = EngineFacts(
        **{"name": "ollama", "model": lane_id, "weights": WEIGHTS, **(engine or {})}
    )
    of_answer = answer(
        send_ns=0,
        first_ns=first,
        output_ns=first,
        last_ns=first + 10 * step_ms * MS,
        end_ns=first + 10 * step_ms * MS,
        usage=Usage(prompt=tokens, output=11),
        times=EngineTimes(load_ns=load_ms * MS),
    )
    changes = {"answer": of_answer, "nonce": "1", "cache": CacheState.WARM_UNIQUE, **more}
    record: LlmRecord = msgspec.structs.replace(single(), engine=facts, **changes)
    return LaneRecord(lane_id=lane_id, record=record)


def codes(current: LaneRecord, *earlier: LaneRecord) -> list[str]:
    return [item.code for item in review(current, earlier)]


def test_a_hit_in_another_lane_of_the_same_weights_is_suspected() -> None:
    slow = [played("a", 882), played("a", 890)]
    (reason,) = review(played("b", 25), slow)
    assert reason.code == "cache_suspected"
    assert "25 ms" in reason.text
    assert "882 ms" in reason.text
    assert codes(played("b", 860), *slow) == []


def test_rounds_that_take_turns_do_not_hide_it() -> None:
    # The first hit of lane b comes when too little is known; it may not become the rule.
    earlier = [played("a", 882), played("b", 25), played("a", 885)]
    assert codes(played("b", 26), *earlier) == ["cache_suspected"]


def test_a_lane_is_compared_with_itself_as_well() -> None:
    warmed = [played("a", 4000), played("a", 882)]
    assert codes(played("a", 870), *warmed) == []
    assert codes(played("a", 100), *warmed) == ["cache_suspected"]
    assert codes(played("a", 25), warmed[0]) == []


@pytest.mark.parametrize(
    "other",
    [
        {"engine": {"weights": "sha256-bb"}},
        {"engine": {"host": "10.0.0.2"}},
        {"engine": {"weights": None}},
        {"step_ms": 2},
        {"tokens": 900},
        {"tokens": None},
        {"cache": CacheState.COLD_LOAD},
        {"nonce": ""},
    ],
)
def test_what_does_not_compare_says_nothing(other: dict[str, Any]) -> None:
    slow = [played("a", 882, **other) for _ in range(3)]
    assert codes(played("b", 25), *slow) == []


def test_without_weights_one_model_of_one_engine_is_compared() -> None:
    same = {"weights": None, "model": "m"}
    slow = [played("a", 882, engine=same) for _ in range(2)]
    assert codes(played("b", 25, engine=same), *slow) == ["cache_suspected"]


@pytest.mark.parametrize(
    ("current", "usual_ms"),
    [
        (played("b", 25, tokens=60), 882),
        (played("b", 2), 12),
        (played("b", 25, nonce=""), 882),
        (played("b", 25, cache=CacheState.PREFIX_HIT), 882),
    ],
)
def test_short_prompts_and_known_hits_are_not_judged(current: LaneRecord, usual_ms: int) -> None:
    tokens = current.record.answer.usage.prompt
    slow = [played("a", usual_ms, tokens=tokens) for _ in range(2)]
    assert codes(current, *slow) == []


def test_a_load_inside_the_answer_is_no_cost_of_the_prompt() -> None:
    slow = [played("a", 900, load_ms=800), played("a", 900, load_ms=800)]
    assert codes(played("b", 90), *slow) == []
