"""What identifies results of text, and which of it makes two runs differ."""

from typing import Any

import msgspec

from benchrace.events import Level
from benchrace.run.document import RunDocument, document
from benchrace.run.spec import RunSpec
from benchrace.stats.comparison.compare import compare
from benchrace.stats.comparison.identity import Role
from tests.stats.text_run import COLD, LLM, Log, run

FULL = {
    "name": "engine",
    "version": "1",
    "model": "tiny",
    "digest": "sha256:aa",
    "quantization": "F16",
    "settings": {"threads": 8},
}
TOLD = {
    "cache": "warm-unique",
    "cache_proof": "engine",
    "timing_source": "kernel",
    "simulated": False,
    "prompt_digest": "sha256:p",
}


def record(engine: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    return {**TOLD, "engine": {**FULL, **(engine or {})}, "text": "abc", "nonce": "1", **facts}


def make_document(
    *records: dict[str, Any], chosen: tuple[str, ...] = (), **params: Any
) -> RunDocument:
    spec = RunSpec(kind=LLM.name, params={name: params[name] for name in chosen})
    metadata = msgspec.structs.replace(run({**COLD, **params}), spec=spec)
    log = Log(metadata)
    for number, record_ in enumerate(records):
        log.done(0, number, record=record_)
    return document(metadata, log.fold.summary())


def roles(a: RunDocument, b: RunDocument) -> dict[str, Role]:
    return {lane.field: lane.role for lane in compare(a, b).lanes[0].differing}


def test_each_fact_is_told_once_in_the_order_in_which_it_came() -> None:
    cold = record(cache="cold-load", cache_proof="inferred")
    result = make_document(record(), cold, record()).lanes[0].text
    assert result is not None
    assert result.cache == ("warm-unique by engine", "cold-load by inferred")
    assert result.timing_source == ("kernel",)
    assert [engine.digest for engine in result.engines] == ["sha256:aa"]
    assert not result.simulated


def test_a_lane_of_a_mock_alone_says_that_it_is_simulated() -> None:
    log = Log(run(COLD))
    log.done(0, 0, level=Level.INVALID, record=record({"name": "mock"}, simulated=True))
    result = log.fold.summary().lanes[0].text
    assert result is not None
    assert (result.simulated, result.engines[0].name) == (True, "mock")


def test_a_discarded_round_says_nothing_of_a_lane_with_counted_ones() -> None:
    log = Log(run(COLD))
    log.done(0, 0, level=Level.INVALID, record=record(cache="prefix-hit"))
    log.done(0, 1, record=record())
    result = log.fold.summary().lanes[0].text
    assert result is not None
    assert result.cache == ("warm-unique by engine",)


def test_lanes_without_text_have_no_such_identity() -> None:
    log = Log(run(COLD))
    log.done(0, 0, record={"elapsed": 1})
    assert log.fold.summary().lanes[0].text is None


def test_what_engines_told_differently_is_a_confounder() -> None:
    changed = {
        "version": "2",
        "digest": "sha256:bb",
        "quantization": "Q4_0",
        "host": "10.0.0.2",
        "settings": {"threads": 4},
    }
    other = record(changed, cache="unknown", timing_source="user", simulated=True)
    assert roles(make_document(record()), make_document(other)) == dict.fromkeys(
        (
            "cache state",
            "timing source",
            "simulated",
            "engine version",
            "engine host",
            "model digest",
            "quantisation",
            "engine settings.threads",
        ),
        Role.CONFOUNDER,
    )


def test_what_comes_with_a_choice_is_controlled() -> None:
    big = record({"model": "big", "digest": "sha256:bb", "settings": {"num_ctx": 9}})
    a = make_document(
        record({"settings": {"num_ctx": 5}}), chosen=("model", "num_ctx"), model="", num_ctx=5
    )
    b = make_document(big, chosen=("model", "num_ctx"), model="big", num_ctx=9)
    assert roles(a, b) == dict.fromkeys(
        ("params.model", "params.num_ctx", "model", "model digest", "engine settings.num_ctx"),
        Role.CONTROLLED,
    )


def test_another_prompt_under_equal_parameters_is_a_confounder() -> None:
    result = roles(
        make_document(record()), make_document(record(prompt_digest="sha256:q"), chosen=())
    )
    assert result == {"prompt digest": Role.CONFOUNDER}
    request = make_document(record(prompt_digest="sha256:q"), chosen=("prompt",), prompt="q")
    answer = roles(make_document(record(), prompt="p"), request)
    assert answer["prompt digest"] is Role.CONTROLLED
