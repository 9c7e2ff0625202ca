"""The checks that make a round SUSPECT or INVALID."""

from typing import Any

import pytest

from benchrace.events import Level
from benchrace.kinds import LLM
from benchrace.kinds.llm import (
    CacheProof,
    CacheState,
    EngineTimes,
    Gaps,
    LlmParams,
    Prefix,
    Residence,
    Usage,
)
from benchrace.plugin.llm.answer_checks import mark
from benchrace.plugin.llm.cache import MAX_CHANCE_HITS, state
from benchrace.testing import RecordingContext
from tests.kinds.llm_answers import MS, answer, serve, single


def marked(record: Any, *answers: Any, **params: Any) -> RecordingContext:
    context = RecordingContext([metric.name for metric in LLM.metrics])
    context.begin()
    mark(record, answers, LlmParams(max_tokens=11, **params), context)
    return context


def codes(context: RecordingContext) -> list[str]:
    return [reason.code for reason in context.verdict.reasons]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"usage": Usage(output=9)}, "early_stop"),
        ({"usage": Usage(output=13)}, "output_length"),
        ({"usage": Usage()}, "tokens_unknown"),
        ({"content": 12}, "token_count_mismatch"),
        ({"output_ns": None}, "only_reasoning"),
        ({"bound_ns": 7 * MS}, "coarse_stamps"),
        ({"times": EngineTimes(decode_ns=210 * MS, decode_tokens=11)}, "rates_disagree"),
        (
            {"content": 4, "times": EngineTimes(decode_ns=190 * MS, decode_tokens=11)},
            "rates_disagree",
        ),
        ({"times": EngineTimes(decode_ns=0, decode_tokens=11)}, "engine_figures"),
        ({"times": EngineTimes(decode_ns=19 * MS, decode_tokens=11)}, "engine_figures"),
        ({"times": EngineTimes(prefill_ns=0)}, "engine_figures"),
        ({"faults": {"total_ns": "it told nonsense"}}, "engine_figures"),
        ({"last_ns": 2000 * MS, "gaps": Gaps(n=10, max_ns=1800 * MS, stalls=1)}, "stalled"),
    ],
)
def test_each_doubt_has_its_code(changes: dict[str, Any], code: str) -> None:
    context = marked(single(**changes), answer(**changes))
    assert code in codes(context)
    assert context.verdict.level is Level.SUSPECT


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gaps": Gaps(n=2, max_ns=900 * MS, stalls=1)},
        {"usage": Usage(output=10), "content": 10},
        {"usage": Usage(output=12)},
        {"bound_ns": 6 * MS},
        {"times": EngineTimes(decode_ns=205 * MS, decode_tokens=11)},
        # 11 tokens in 4 chunks: from 3 to 10 steps in 200 ms, and the engine's 10 in 300 fit.
        {"content": 4, "times": EngineTimes(decode_ns=300 * MS, decode_tokens=11)},
        {"content": 4, "times": EngineTimes(decode_ns=205 * MS, decode_tokens=11)},
    ],
)
def test_answers_within_the_limits_are_not_doubted(changes: dict[str, Any]) -> None:
    assert codes(marked(single(**changes), answer(**changes))) == []


def test_a_doubt_about_many_answers_is_reported_once_with_their_number() -> None:
    short = answer(usage=Usage(output=5), content=5)
    context = marked(serve(), short, answer(), short)
    assert codes(context) == ["early_stop"]
    assert context.verdict.reasons[0].text.startswith("2 of 3 answers: 5 of 11 requested")


def test_a_cache_hit_is_invalid_unless_the_prompt_is_shared() -> None:
    hit = single(cache=CacheState.PREFIX_HIT)
    assert marked(hit, answer()).verdict.level is Level.INVALID
    assert codes(marked(hit, answer(), prefix=Prefix.SHARED)) == []


@pytest.mark.parametrize(
    ("params", "prefix", "cached", "expected"),
    [
        ({}, 4, [4], (CacheState.WARM_UNIQUE, CacheProof.ENGINE)),
        ({}, 4, [4 + MAX_CHANCE_HITS], (CacheState.WARM_UNIQUE, CacheProof.ENGINE)),
        ({}, 4, [4, 5 + MAX_CHANCE_HITS], (CacheState.PREFIX_HIT, CacheProof.ENGINE)),
        ({}, None, [None], (CacheState.WARM_UNIQUE, CacheProof.INFERRED)),
        ({}, 4, [4, None], (CacheState.WARM_UNIQUE, CacheProof.INFERRED)),
        ({"prefix": Prefix.SHARED}, None, [None], (CacheState.UNKNOWN, CacheProof.NONE)),
        ({"prefix": Prefix.SHARED}, 4, [90], (CacheState.PREFIX_HIT, CacheProof.ENGINE)),
        ({"residence": Residence.COLD}, None, [0], (CacheState.COLD_LOAD, CacheProof.ENGINE)),
        ({"residence": Residence.COLD}, None, [90], (CacheState.PREFIX_HIT, CacheProof.ENGINE)),
        (
            {"residence": Residence.COLD, "prefix": Prefix.SHARED},
            None,
            [None],
            (CacheState.COLD_LOAD, CacheProof.INFERRED),
        ),
    ],
)
def test_a_cache_state_is_proved_inferred_or_unknown(
    params: dict[str, Any], prefix: int | None, cached: list[int | None], expected: Any
) -> None:
    assert state(LlmParams(**params), prefix, cached) == expected


def test_a_count_that_is_impossible_for_the_text_is_invalid() -> None:
    lying = answer(usage=Usage(output=500), characters=16)
    context = marked(single(), lying)
    assert context.verdict.level is Level.INVALID
    assert "the engine counts 500 tokens in 16 characters" in [
        reason.text for reason in context.verdict.reasons
    ]
    long = answer(usage=Usage(output=40), characters=200)
    assert marked(single(), long).verdict.level is Level.SUSPECT
