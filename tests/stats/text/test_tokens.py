"""Lanes that count in different tokens, or whose equal prompts differ in length."""

from typing import Any

from tests.stats.text_run import COLD, Log, run


def log(first: dict[str, Any], second: dict[str, Any]) -> Log:
    recorded = Log(run(COLD, COLD))
    for number in range(3):
        recorded.text(0, number, "a", rate=150.0 + number, **first)
        recorded.text(1, number, "a", rate=50.0 + number, **second)
    return recorded


def codes(recorded: Log) -> list[str]:
    return [remark.code for remark in recorded.fold.summary().remarks]


def ahead(recorded: Log) -> tuple[str, str]:
    standing = recorded.fold.standing()
    assert standing is not None
    return standing.metric, standing.places[0].lane_id


def test_equal_lengths_say_nothing() -> None:
    recorded = log({"model": "x"}, {"model": "x"})
    assert codes(recorded) == []
    assert ahead(recorded) == ("gen_tokens_per_s", "lane-0")


def test_one_tokenizer_with_unlike_lengths_is_another_rendering() -> None:
    recorded = log({"tokenizer": "t", "prompt_tokens": 50}, {"tokenizer": "t", "prompt_tokens": 51})
    assert codes(recorded) == ["prompt_tokens_differ"]
    assert "Lane 0 (50" in recorded.fold.summary().remarks[0].text
    assert ahead(recorded)[0] == "gen_tokens_per_s"


def test_one_model_with_unlike_lengths_is_another_rendering() -> None:
    recorded = log(
        {"model": "x:q4_0", "prompt_tokens": 50}, {"model": "x:q8_0", "prompt_tokens": 60}
    )
    assert codes(recorded) == ["prompt_tokens_differ"]


def test_unlike_tokenizers_are_ranked_by_characters() -> None:
    recorded = log({"tokenizer": "t"}, {"tokenizer": "u"})
    assert codes(recorded) == ["tokenizers_differ"]
    # The slower lane in tokens is the faster one in characters here.
    assert ahead(recorded) == ("chars_per_s", "lane-1")


def test_unlike_lengths_of_unlike_models_are_unlike_tokenizers() -> None:
    recorded = log({"model": "x", "prompt_tokens": 50}, {"model": "y", "prompt_tokens": 60})
    assert codes(recorded) == ["tokenizers_differ"]


def test_unlike_prompts_are_not_compared() -> None:
    first = {"model": "x", "digest": "sha256:1", "prompt_tokens": 50}
    assert codes(log(first, {"model": "x", "digest": "sha256:2", "prompt_tokens": 60})) == []


def test_a_record_of_another_kind_or_of_nonsense_is_no_text() -> None:
    recorded = Log(run(COLD, COLD))
    recorded.done(0, 0, record={"prompt_digest": 7})
    recorded.done(0, 1, record={"anything": [1]})
    assert codes(recorded) == []
