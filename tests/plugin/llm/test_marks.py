"""What makes a round doubtful, and that many answers say it once."""

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
from benchrace.plugin.llm.cache import CHANCE, state
from benchrace.plugin.llm.marks import mark
from benchrace.testing import RecordingContext
from tests.kinds.llm_answers import MS, answer, serve, single


def marked(record: Any, *answers: Any, **params: Any) -> RecordingContext:
    context = RecordingContext([metric.name for metric in LLM.metrics])
    context.begin()
    mark(record, answers, LlmParams(max_tokens=11, **params), context)
    return context


def codes(context: RecordingContext) -> list[str]:
    return [each.code for each in context.verdict.reasons]


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
    ],
)
def test_what_is_within_its_limits_is_no_doubt(changes: dict[str, Any]) -> None:
    assert codes(marked(single(**changes), answer(**changes))) == []


def test_many_answers_say_a_doubt_once_and_how_many_have_it() -> None:
    short = answer(usage=Usage(output=5), content=5)
    context = marked(serve(), short, answer(), short)
    assert codes(context) == ["early_stop"]
    assert context.verdict.reasons[0].text.startswith("2 of 3 answers: 5 tokens of the 11")


def test_a_hit_is_no_result_unless_the_prompt_is_shared() -> None:
    hit = single(cache=CacheState.PREFIX_HIT)
    assert marked(hit, answer()).verdict.level is Level.INVALID
    assert codes(marked(hit, answer(), prefix=Prefix.SHARED)) == []


@pytest.mark.parametrize(
    ("params", "prefix", "told", "expected"),
    [
        ({}, 4, [4], (CacheState.WARM_UNIQUE, CacheProof.ENGINE)),
        ({}, 4, [4 + CHANCE], (CacheState.WARM_UNIQUE, CacheProof.ENGINE)),
        ({}, 4, [4, 5 + CHANCE], (CacheState.PREFIX_HIT, CacheProof.ENGINE)),
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
def test_a_caches_state_is_proved_or_inferred_or_unknown(
    params: dict[str, Any], prefix: int | None, told: list[int | None], expected: Any
) -> None:
    assert state(LlmParams(**params), prefix, told) == expected


def test_a_count_that_the_text_cannot_hold_is_no_count() -> None:
    lying = answer(usage=Usage(output=500), characters=16)
    context = marked(single(), lying)
    assert context.verdict.level is Level.INVALID
    assert "the engine counts 500 tokens in 16 characters" in [
        each.text for each in context.verdict.reasons
    ]
    long = answer(usage=Usage(output=40), characters=200)
    assert marked(single(), long).verdict.level is Level.SUSPECT
