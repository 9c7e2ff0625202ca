"""The metrics of many answers, against figures worked out by hand."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.events import Measured
from benchrace.kinds import SERVE
from benchrace.kinds.llm import Answer, Arrival, ServeParams, ServeRecord, Steady, Usage
from benchrace.kinds.llm.serve import meets, needed, percentile
from tests.kinds.llm_answers import AROUND, MS, answer, answers, gaps, serve


def derived(*answers: Answer, params: Any = (), **changes: Any) -> dict[str, Measured]:
    record = serve(*answers, **changes)
    return {figure.metric: figure for figure in SERVE.derive(record, ServeParams(**dict(params)))}


def two() -> tuple[Answer, Answer]:
    """11 tokens from 10 to 310 ms, and 21 tokens from 60 to 510 ms."""
    later = answer(
        request=1,
        send_ns=60 * MS,
        first_ns=110 * MS,
        last_ns=510 * MS,
        content=21,
        characters=56,
        usage=Usage(prompt=50, output=21),
    )
    return answer(), later


def test_every_declared_metric_is_derived_and_no_other() -> None:
    assert set(derived(*two())) == {metric.name for metric in SERVE.metrics}


def test_throughput_is_all_tokens_by_all_the_time() -> None:
    # 32 tokens from the first byte sent, at 10 ms, to the last token, at 510 ms.
    figures = derived(*two())
    rate = figures["throughput_tokens_per_s"]
    assert (rate.value, rate.numerator, rate.denominator) == (64, 32, 0.5)
    assert figures["throughput_chars_per_s"].value == 200
    assert figures["requests_per_s"].value == 4
    assert figures["gen_tokens"].value == 32
    assert figures["prompt_tokens"].value == 100
    assert figures["total_mean_ms"].value == (300 + 450) / 2


def test_what_failed_counts_as_failed_and_in_no_latency() -> None:
    failed = answer(request=2, send_ns=0, error="stream_error", last_ns=900 * MS)
    figures = derived(*two(), failed)
    assert (figures["answers"].value, figures["failures"].value) == (2, 1)
    assert figures["total_mean_ms"].value == 375
    # Its tokens count nowhere; it was sent, so that the time counts from there.
    assert figures["throughput_tokens_per_s"].denominator == 0.51


def test_where_all_failed_there_is_no_rate() -> None:
    figures = derived(answer(error="stream_error"))
    for name in ("throughput_tokens_per_s", "requests_per_s", "gen_tokens", "total_mean_ms"):
        assert (figures[name].value, figures[name].reason) == (None, "no answer was complete")


def test_the_steady_window_has_its_own_tokens() -> None:
    steady = Steady(start_ns=100 * MS, end_ns=350 * MS, tokens=20.0)
    assert derived(*two(), steady=steady)["steady_tokens_per_s"].value == 80
    assert derived(*two())["steady_tokens_per_s"].value is None


def test_a_window_of_estimates_says_between_what_its_rate_lies() -> None:
    steady = Steady(start_ns=100 * MS, end_ns=350 * MS, tokens=20.0, least=10.0, most=25.0)
    figure = derived(*two(), steady=steady)["steady_tokens_per_s"]
    assert (figure.value, figure.low, figure.high) == (80, 40, 100)
    assert figure.unknown is not None
    exact = Steady(start_ns=100 * MS, end_ns=350 * MS, tokens=20.0, least=20.0, most=20.0)
    assert derived(*two(), steady=exact)["steady_tokens_per_s"].unknown is None


def test_chunks_of_several_tokens_leave_the_time_per_token_open() -> None:
    # 11 tokens in 6 chunks over 200 ms: 5.. 9.17.. 10 steps.
    several = [answer(request=i, content=6) for i in range(20)]
    figure = derived(*several)["tpot_p50_ms"]
    assert figure.value == pytest.approx(200 / (11 * 5 / 6))
    assert (figure.low, figure.high) == (20, 40)
    assert figure.unknown is not None
    assert figure.unknown.code == "tokens_in_chunks"
    mixed = derived(*several[:10], *[answer(request=10 + i) for i in range(10)])["tpot_p50_ms"]
    assert (mixed.value, mixed.low) == (20, 20)
    exact = derived(*[answer(request=i) for i in range(20)])["tpot_p50_ms"]
    assert (exact.value, exact.unknown) == (20, None)
    # None of them, or all, may have met a limit that lies in between.
    goodput = derived(*several, params={"tpot_limit_ms": 30})["goodput_per_s"]
    assert (goodput.numerator, goodput.low) == (20, 0)
    assert goodput.value == goodput.high


def test_an_open_loop_counts_also_from_the_schedule() -> None:
    late = [answer(request=i, scheduled_ns=5 * MS) for i in range(20)]
    figures = derived(*late, params={"arrival": Arrival.CONSTANT})
    assert figures["ttft_p50_ms"].value == 100
    assert figures["ttft_scheduled_p50_ms"].value == 105
    assert figures["total_scheduled_p50_ms"].value == 305
    assert figures["total_mean_ms"].value == 305
    closed = derived(*late)
    assert closed["ttft_scheduled_p50_ms"].reason == "a closed loop has no schedule"
    assert closed["total_mean_ms"].value == 300


@pytest.mark.parametrize(
    ("params", "good"),
    [
        ({"ttft_limit_ms": 99}, False),
        ({"ttft_limit_ms": 100}, True),
        ({"tpot_limit_ms": 19.9}, False),
        ({"tpot_limit_ms": 20}, True),
        ({"e2e_limit_ms": 299}, False),
        ({"e2e_limit_ms": 300}, True),
        ({"e2e_limit_ms": 300, "ttft_limit_ms": 99}, False),
    ],
)
def test_goodput_counts_what_meets_every_limit(params: dict[str, Any], good: bool) -> None:
    assert meets(answer(), ServeParams(**params)) is good
    figure = derived(*two(), params={"ttft_limit_ms": 60})["goodput_per_s"]
    assert (figure.numerator, figure.value) == (1, 2)


def test_what_is_not_known_meets_no_limit() -> None:
    assert not meets(answer(usage=Usage()), ServeParams(tpot_limit_ms=1000))
    assert derived(*two())["goodput_per_s"].reason == "no limit was stated"


def test_a_limit_holds_from_the_schedule() -> None:
    assert not meets(answer(scheduled_ns=0), ServeParams(ttft_limit_ms=105))


@pytest.mark.parametrize(("p", "n"), [(50, 20), (90, 100), (95, 200), (99, 1000)])
def test_a_percentile_needs_ten_values_beyond_it(p: int, n: int) -> None:
    assert needed(p) == n
    assert percentile(range(n - 1), p) is None
    assert percentile(range(n), p) is not None


@given(st.lists(st.integers(0, 10**9), min_size=20, max_size=300), st.sampled_from([50, 95, 99]))
def test_a_percentile_has_its_share_below_it(values: list[int], p: int) -> None:
    result = percentile(values, p)
    if result is None:
        assert len(values) < needed(p)
        return
    assert result in values
    assert sum(value <= result for value in values) >= math.ceil(len(values) * p / 100)
    assert sum(value < result for value in values) < len(values) * p / 100


@given(
    st.lists(answers, max_size=5).map(tuple),
    gaps,
    st.none()
    | st.builds(
        Steady,
        start_ns=st.integers(-(2**62), 2**62),
        end_ns=st.integers(-(2**62), 2**62),
        tokens=st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.sampled_from(Arrival),
    st.floats(0, 1e9),
)
def test_any_record_that_decodes_derives_and_each_null_says_why(
    answers: Any, gaps: Any, steady: Any, arrival: Arrival, limit: float
) -> None:
    record = ServeRecord(**AROUND, answers=answers, gaps=gaps, steady=steady)
    again = msgspec.json.decode(msgspec.json.encode(record), type=ServeRecord)
    params = ServeParams(arrival=arrival, ttft_limit_ms=limit, tpot_limit_ms=limit)
    result = list(SERVE.derive(again, params))
    assert len({figure.metric for figure in result}) == len(result)
    assert {figure.metric for figure in result} == {metric.name for metric in SERVE.metrics}
    for figure in result:
        assert (figure.value is None) == bool(figure.reason), figure


@given(st.permutations(list(two())))
def test_the_order_of_answers_changes_nothing(order: list[Answer]) -> None:
    assert derived(*order) == derived(*two())
