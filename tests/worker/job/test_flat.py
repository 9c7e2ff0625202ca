"""The flat metrics of `job_done`."""

from benchrace.events import Measured, Verdict
from benchrace.events.payloads import RoundDonePayload
from benchrace.worker.job.flat import flat_metrics, median


def done(value: float | None, **record: object) -> RoundDonePayload:
    return RoundDonePayload(
        warmup=False,
        heat=0,
        elapsed_ns=1,
        record=dict(record),
        measured=(Measured(metric="rate", value=value),),
        verdict=Verdict(),
        metrics_version=1,
    )


def test_medians() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 3, 2]) == 2.5
    assert median([7]) == 7


def test_one_lane_is_flat() -> None:
    flat = flat_metrics({"lane-0": [done(1.0, n=5), done(9.0, n=5), done(2.0, n=5)]})
    assert flat == {"rate": 2.0, "n": 5}


def test_raw_facts_are_those_of_the_last_round_and_never_hide_a_metric() -> None:
    rounds = [
        done(1.0, threads_used=1, rate=77, elapsed_ns=5, model="a", parts=[1], ok=True),
        done(1.0, threads_used=2, rate=78, elapsed_ns=6, model="b", parts=[1], ok=True),
    ]
    assert flat_metrics({"lane-0": rounds}) == {"rate": 1.0, "threads_used": 2, "model": "b"}


def test_rounds_without_the_number_are_left_out_of_its_median() -> None:
    assert flat_metrics({"x": [done(None), done(4.0)]}) == {"rate": 4.0}
    assert flat_metrics({"x": [done(None)]}) == {"rate": None}


def test_the_median_of_two_counts_is_a_count() -> None:
    flat = flat_metrics({"x": [done(4), done(6)]})
    assert (flat["rate"], type(flat["rate"])) == (5, int)
    assert flat_metrics({"x": [done(4), done(5)]}) == {"rate": 4.5}


def test_text_names_its_engine_model_and_cache() -> None:
    record = {"engine": {"name": "ollama", "model": "m"}, "cache": "warm-unique"}
    flat = flat_metrics({"x": [done(1.0, **record)]})
    assert flat == {
        "rate": 1,
        "cache": "warm-unique",
        "cache_state": "warm-unique",
        "engine": "ollama",
        "model": "m",
    }


def test_a_mock_has_facts_and_no_figure() -> None:
    mock = done(7.0, engine={"name": "mock", "model": ""}, fallback_reason="unreachable")
    assert flat_metrics({"x": []}, {"x": mock}) == {
        "rate": None,
        "engine": "mock",
        "model": "",
        "cache_state": None,
        "fallback_reason": "unreachable",
    }


def test_several_lanes_have_their_names_in_front() -> None:
    flat = flat_metrics({"lane-0": [done(1.0)], "lane-1": []})
    assert flat == {"lane-0.rate": 1.0}
