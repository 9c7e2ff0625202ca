"""The metrics of one answer, against figures worked out by hand."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Measured
from benchrace.kinds import LLM, Estimator
from benchrace.kinds.llm import (
    EngineTimes,
    FirstChunks,
    Gaps,
    LlmParams,
    LlmRecord,
    NetworkBytes,
    Usage,
)
from benchrace.stats.estimate import estimated
from benchrace.worker.job.verdict import plain
from tests.kinds.llm_answers import AROUND, MS, answers, single


def derived(**changes: Any) -> dict[str, Measured]:
    return {figure.metric: figure for figure in LLM.derive(single(**changes), LlmParams())}


def value(metric: str, **changes: Any) -> float | None:
    return derived(**changes)[metric].value


def reason(metric: str, **changes: Any) -> str:
    figures = derived(**changes)[metric]
    assert figures.value is None
    assert figures.reason
    return figures.reason


def test_every_declared_metric_is_derived_and_no_other() -> None:
    assert set(derived()) == {metric.name for metric in LLM.metrics}


def test_latencies_count_from_the_first_byte_sent() -> None:
    assert value("ttft_ms") == 100
    assert value("ttfo_ms", output_ns=160 * MS) == 150
    assert value("total_ms") == 300
    assert value("connect_ms", connect_ns=2 * MS) == 2
    assert value("load_ms", load_ns=700 * MS) == 700


def test_loading_and_connecting_are_in_no_latency() -> None:
    slow = derived(load_ns=5000 * MS, connect_ns=900 * MS)
    assert (slow["ttft_ms"].value, slow["total_ms"].value) == (100, 300)


def test_decoding_counts_the_steps_after_the_first_token() -> None:
    # 11 tokens, so 10 steps, in 200 ms.
    figure = derived()["gen_tokens_per_s"]
    assert (figure.value, figure.numerator, figure.denominator) == (50, 10, 0.2)
    assert value("tpot_ms") == 20
    # The 44 characters came in 11 chunks, and a record of an older version tells no more.
    assert value("chars_per_s") == 200
    first = FirstChunks(chunks=1, end_ns=110 * MS, characters=6)
    assert value("chars_per_s", first=first) == 190


def test_an_end_token_that_is_never_sent_is_no_step() -> None:
    usage = Usage(prompt=50, output=12, unseen=1)
    figures = derived(usage=usage)
    assert figures["gen_tokens_per_s"].numerator == 10
    assert figures["gen_tokens"].value == 12
    assert figures["itl_ms"].reason == "n too small: 10 gaps"


def test_the_engines_own_rate_counts_steps_too() -> None:
    # The engine prints 11 / 0.22 = 50; its 10 steps in that time are 45.45.
    times = EngineTimes(decode_ns=220 * MS, decode_tokens=11, printed_rate=50.0)
    figure = derived(times=times)["engine_gen_tokens_per_s"]
    assert figure.value == pytest.approx(10 / 0.22)


@pytest.mark.parametrize(("took", "text"), [(0, "0 s"), (999, "999 ns"), (19 * MS, "19 ms")])
def test_an_absurd_time_of_the_engine_gives_no_rate_and_takes_nothing_from_the_clients(
    took: int, text: str
) -> None:
    figures = derived(times=EngineTimes(decode_ns=took, decode_tokens=11, prefill_ns=100))
    assert figures["engine_gen_tokens_per_s"].value is None
    assert f"{text} for 11 tokens" in (figures["engine_gen_tokens_per_s"].reason or "")
    assert "100 ns for 40 tokens of prompt" in (figures["prefill_tokens_per_s"].reason or "")
    assert figures["gen_tokens_per_s"].value == 50


def test_what_the_engine_told_wrongly_is_the_reason_of_what_is_not_known() -> None:
    faults = {"output": "half a token", "prompt": "less than none", "decode_ns": "before it began"}
    wrong: dict[str, Any] = {"faults": faults, "usage": Usage(cached=1)}
    for metric in ("gen_tokens", "gen_tokens_per_s", "tpot_ms", "itl_ms"):
        assert reason(metric, **wrong) == "half a token"
    assert reason("prompt_tokens", **wrong) == "less than none"
    assert reason("engine_gen_tokens_per_s", **wrong) == "before it began"
    first = FirstChunks(chunks=1, end_ns=110 * MS, characters=4)
    assert value("chars_per_s", first=first, **wrong) == 200


def test_prefill_leaves_out_what_the_engine_had() -> None:
    times = EngineTimes(prefill_ns=80 * MS)
    figure = derived(times=times)["prefill_tokens_per_s"]
    assert (figure.numerator, figure.value) == (40, 500)
    unknown = Usage(prompt=50, output=11)
    assert "no cached count" in reason("prefill_tokens_per_s", times=times, usage=unknown)
    whole = Usage(prompt=50, output=11, cached=50)
    assert "whole prompt" in reason("prefill_tokens_per_s", times=times, usage=whole)


def test_a_gap_is_a_tokens_time_only_where_a_chunk_is_a_token() -> None:
    result = Gaps(n=20, p50_ns=19 * MS, max_ns=40 * MS)
    one_each = Usage(output=21)
    assert value("itl_ms", content=21, usage=one_each, gaps=result) == 19
    assert value("icl_p50_ms", gaps=result) == 19
    assert value("icl_max_ms", gaps=result) == 40
    assert "not one token: 7 chunks hold 21" in reason(
        "itl_ms", content=7, usage=one_each, gaps=result
    )


@pytest.mark.parametrize(("metric", "need"), [("p50", 20), ("p95", 200), ("p99", 1000)])
def test_percentiles_of_gaps_say_how_many_they_need(metric: str, need: int) -> None:
    assert f"10 gaps of the {need}" in reason(f"icl_{metric}_ms")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"first_ns": None, "last_ns": None, "output_ns": None}, "no token arrived"),
        ({"usage": Usage()}, "does not report its tokens"),
        ({"usage": Usage(output=1)}, "fewer than 2 tokens"),
        ({"content": 1}, "in one chunk"),
        ({"bound_ns": 200 * MS}, "all chunks came together"),
    ],
)
def test_a_rate_that_nobody_can_know_is_null_and_says_why(
    changes: dict[str, Any], why: str
) -> None:
    assert why in reason("gen_tokens_per_s", **changes)
    assert why in reason("tpot_ms", **changes)


def test_thinking_alone_has_a_first_token_and_no_output() -> None:
    assert reason("ttfo_ms", output_ns=None) == "the answer has only reasoning"
    assert value("ttft_ms", output_ns=None) == 100


def test_rates_of_rounds_combine_as_sum_by_sum() -> None:
    # 10 steps in 200 ms and 10 in 50 ms: 20 / 0.25 = 80, where the mean of rates would be 125.
    metric = next(metric for metric in LLM.metrics if metric.name == "gen_tokens_per_s")
    rounds = [derived()[metric.name], derived(last_ns=160 * MS)[metric.name]]
    assert estimated(metric, rounds).estimate.value == pytest.approx(80)


@given(st.lists(st.tuples(st.integers(2, 500), st.integers(1, 10**12)), min_size=1, max_size=8))
def test_a_combined_rate_lies_between_its_rounds(rounds: list[tuple[int, int]]) -> None:
    metric = next(metric for metric in LLM.metrics if metric.name == "gen_tokens_per_s")
    result = [
        derived(usage=Usage(output=tokens), content=tokens, last_ns=110 * MS + span)[metric.name]
        for tokens, span in rounds
    ]
    single_rates = [figure.value for figure in result if figure.value is not None]
    combined = estimated(metric, result).estimate.value
    assert combined is not None
    assert min(single_rates) * (1 - 1e-9) <= combined <= max(single_rates) * (1 + 1e-9)
    total = sum(tokens - 1 for tokens, _ in rounds) / (sum(span for _, span in rounds) / 1e9)
    assert combined == pytest.approx(total)


@given(answers)
def test_any_record_that_decodes_derives_and_each_null_says_why(answer: Any) -> None:
    record = LlmRecord(**AROUND, answer=answer)
    again = msgspec.json.decode(msgspec.json.encode(record), type=LlmRecord)
    result = list(LLM.derive(again, LlmParams()))
    assert [figure.metric for figure in result] == list(
        dict.fromkeys(figure.metric for figure in result)
    )
    assert {figure.metric for figure in result} == {metric.name for metric in LLM.metrics}
    for figure in result:
        assert (figure.value is None) == bool(figure.reason), figure


@given(st.lists(st.integers(0, 10**12), min_size=4, max_size=4))
def test_stamps_in_order_give_latencies_in_order(stamps: list[int]) -> None:
    sent, first, output, last = sorted(stamps)
    figures = derived(send_ns=sent, first_ns=first, output_ns=output, last_ns=last)
    ordered = [figures[name].value for name in ("ttft_ms", "ttfo_ms", "total_ms")]
    expected = [item for item in ordered if item is not None]
    assert len(expected) == 3
    assert 0 <= expected[0] <= expected[1] <= expected[2]


def test_ratios_keep_their_parts_and_times_do_not() -> None:
    timed = single(times=EngineTimes(prefill_ns=MS, decode_ns=200 * MS, decode_tokens=9))
    record = msgspec.structs.replace(timed, network=NetworkBytes(sent=1000))
    figures = {figure.metric: figure for figure in LLM.derive(record, LlmParams())}
    for metric in LLM.metrics:
        figure = figures[metric.name]
        parts = figure.numerator is not None and figure.denominator is not None
        assert parts == (metric.estimator is Estimator.RATIO), metric.name


def test_the_metric_that_ranks_has_one_for_tokens_that_do_not_compare() -> None:
    first = next(metric for metric in LLM.metrics if metric.headline)
    assert first.across == "chars_per_s"
    assert first.across in {metric.name for metric in LLM.metrics}


@pytest.mark.parametrize(
    "bad",
    [
        {"max_tokens": 0},
        {"temperature": -1},
        {"top_p": 0},
        {"prompt": "a" * 200_001},
        {"prompt_tokens": -1},
        {"rendering": "html"},
        {"first_token_s": 0},
        {"seed": -1},
        {"no_such": 1},
    ],
)
def test_bad_parameters_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, LlmParams)


@pytest.mark.parametrize(
    "text",
    [
        {"usage": Usage(output=-16)},
        {"usage": Usage(prompt=-5, output=16)},
        {"usage": Usage(output=10**12)},
        {"usage": Usage(output=16, prompt=10**30)},
        {"times": EngineTimes(decode_ns=-1)},
        {"times": EngineTimes(decode_ns=10**36, decode_tokens=16)},
        {"times": EngineTimes(decode_ns=1, decode_tokens=-16)},
    ],
)
def test_what_no_engine_can_have_counted_is_no_record(text: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"contradicts its own types: Expected `int` [<>]="):
        plain(single(**text))
