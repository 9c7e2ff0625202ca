"""Whether quantisations of one model answer alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.stats.text.agreement import common
from benchrace.stats.text.quantization import bits, stem
from tests.stats.text_run import COLD, Log, run

FULL = {"model": "tiny:1b-fp16", "quantization": "F16"}
SMALL = {"model": "tiny:1b-q4_K_M", "quantization": "Q4_K_M"}


def two(**params: Any) -> Log:
    return Log(run({**COLD, **params}, {**COLD, **params}))


def test_the_share_is_of_equal_leading_text_summed_over_rounds() -> None:
    log = two()
    log.text(0, 0, "abcd", **SMALL)
    log.text(0, 1, "abcdef", **SMALL)
    log.text(1, 0, "abxx", **FULL)
    log.text(1, 1, "abcdef", **FULL)
    assert log.agreement(0) == {"with": "lane-1", "share": 0.8, "n": 2, "reason": None}
    best = log.agreement(1)
    assert best["share"] is None
    assert "least quantised" in best["reason"]


def test_an_answer_that_goes_on_is_not_all_alike() -> None:
    log = two()
    log.text(0, 0, "abcdefgh", **SMALL)
    log.text(1, 0, "abcd", **FULL)
    assert log.agreement(0)["share"] == 0.5


def test_only_rounds_with_equal_prompts_are_compared() -> None:
    log = two()
    log.text(0, 0, "abcd", **SMALL)
    log.text(0, 1, "abcd", nonce="other", **SMALL)
    log.text(1, 0, "abcd", **FULL)
    log.text(1, 1, "xxxx", **FULL)
    assert (log.agreement(0)["share"], log.agreement(0)["n"]) == (1.0, 1)
    apart = two()
    apart.text(0, 0, "abcd", nonce="1", **SMALL)
    apart.text(1, 0, "abcd", nonce="2", **FULL)
    assert "the two lanes have no answers to the same prompt" in apart.agreement(0)["reason"]


def test_the_answers_to_the_prompt_without_a_nonce_are_compared() -> None:
    log = two()
    for number in range(2):
        log.text(0, number, "unlike", nonce=f"a {number}", reference="abcd", **SMALL)
        log.text(1, number, "answers", nonce=f"b {number}", reference="abxx", **FULL)
    assert (log.agreement(0)["share"], log.agreement(0)["n"]) == (0.5, 1)


def test_a_reference_is_not_compared_with_a_round_of_a_shared_prompt() -> None:
    log = Log(run({**COLD, "prefix": "unique"}, {**COLD, "prefix": "shared"}))
    log.text(0, 0, "unlike", reference="ab", **SMALL)
    log.text(1, 0, "abcd", nonce="", **FULL)
    assert "no other lane" in log.agreement(0)["reason"]


@pytest.mark.parametrize(
    ("params", "small", "full", "reason"),
    [
        ({"temperature": 0.2}, SMALL, FULL, "temperature is 0.2"),
        ({}, SMALL, {"model": "big:7b", "quantization": "F16"}, "no other lane"),
        ({}, {"model": "tiny:1b"}, {"model": "tiny:1b"}, "does not report the quantisation"),
    ],
)
def test_what_cannot_be_compared_is_null_and_says_why(
    params: dict[str, Any], small: dict[str, Any], full: dict[str, Any], reason: str
) -> None:
    log = two(**params)
    log.text(0, 0, "abcd", **small)
    log.text(1, 0, "abcd", **full)
    result = log.agreement(0)
    assert result["share"] is None
    assert reason in result["reason"]


def test_lanes_that_were_asked_for_unlike_lengths_do_not_compare() -> None:
    log = Log(run({**COLD, "max_tokens": 4}, COLD))
    log.text(0, 0, "abcd", **SMALL)
    log.text(1, 0, "abcd", **FULL)
    assert "no other lane" in log.agreement(0)["reason"]


def test_lanes_without_text_have_no_agreement() -> None:
    log = two()
    log.done(0, 0)
    assert log.fold.summary().lanes[0].agreement is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_common_text_is_what_both_begin_with(one: str, other: str) -> None:
    n = common(one, other)
    assert one[:n] == other[:n]
    assert n == min(len(one), len(other)) or one[n] != other[n]
    assert common(one, one + other) == len(one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Q4_K_M", 4),
        ("IQ2_XS", 2),
        ("Q8_0", 8),
        ("F16", 16),
        ("BF16", 16),
        ("fp8", 8),
        ("F32", 32),
        ("MXFP4", 4),
        ("int8", 8),
        ("w4a16", 4),
        ("8bit", 8),
        ("4-bit", 4),
        ("AWQ", 4),
        ("llama3.2:1b-instruct-q5_K_S", 5),
        ("Qwen2.5-0.5B-Instruct-GPTQ", 4),
        ("qwen3:8b", None),
        ("phi3.5", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_bits_are_read_from_names(name: str | None, expected: int | None) -> None:
    assert bits(name) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("llama3.2:1b-instruct-q4_K_M", "llama3.2:1b", True),
        ("llama3.2:1b", "llama3.2:3b", False),
        ("org/Model-7B-Instruct-Q4_K_M.gguf", "Model-7B-Instruct-F16.gguf", True),
        ("Model-7B-AWQ", "Model-7B", True),
        ("qwen3:8b-q8_0", "qwen3:latest", False),
        ("tiny", "tiny:latest", True),
    ],
)
def test_quants_share_a_stem(one: str, other: str, same: bool) -> None:
    assert (stem(one) == stem(other)) is same
