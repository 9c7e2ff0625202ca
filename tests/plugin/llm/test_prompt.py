"""Prompts: nonces, rendering, lengths, digests."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.kinds.llm import TEXT_PRESETS, LlmParams, Prefix, ServeParams
from benchrace.plugin.llm.prompt import ask, digest_of, nonce_alone, nonce_text, text_of


@pytest.mark.slow
def test_a_million_nonces_are_all_different_and_equally_long() -> None:
    # By the digest's own numbers, since a million texts would take too long.
    seen = {nonce_text("salt", round_, 0) for round_ in range(50_000)}
    assert len(seen) == 50_000
    assert {len(nonce) for nonce in seen} == {23}
    numbers = set()
    for number in range(1_000_000):
        numbers.add(_number(number))
    assert len(numbers) == 1_000_000


def _number(number: int) -> int:
    """Return the number that `nonce_text` writes in base 900."""
    import hashlib

    digest = hashlib.sha256(str(number).encode()).digest()
    return int.from_bytes(digest[:16], "big") % 900**6


def test_the_shortcut_of_the_test_above_is_what_nonces_hold() -> None:
    for number in range(100):
        groups = [int(group) - 100 for group in nonce_text(number).split(" ")]
        assert sum(group * 900**place for place, group in enumerate(groups)) == _number(number)


@pytest.mark.slow
@given(st.lists(st.text(max_size=20) | st.integers(), max_size=4))
def test_a_nonce_is_six_groups_of_three_digits(parts: list[Any]) -> None:
    groups = nonce_text(*parts).split(" ")
    assert len(groups) == 6
    assert all(100 <= int(group) <= 999 for group in groups)
    assert nonce_text(*parts) == nonce_text(*parts)


def test_parts_are_separated() -> None:
    assert nonce_text("1", "23") != nonce_text("12", "3")


def test_the_nonce_comes_before_everything_that_is_written() -> None:
    plain = ask(LlmParams(prompt="p"), "123 456")
    assert (plain.system, plain.prompt) == ("", "123 456\np")
    with_system = ask(LlmParams(prompt="p", system="s"), "123 456")
    assert (with_system.system, with_system.prompt) == ("123 456\ns", "p")
    shared = ask(LlmParams(prompt="p", system="s", prefix=Prefix.SHARED), "123 456")
    assert (shared.system, shared.prompt) == ("s", "p")


def test_the_nonce_is_not_part_of_the_digest() -> None:
    params = LlmParams(prompt="p")
    assert digest_of(params) == digest_of(msgspec.structs.replace(params, seed=7))
    assert digest_of(params) != digest_of(msgspec.structs.replace(params, prompt="q"))
    assert digest_of(params) != digest_of(msgspec.structs.replace(params, system="p"))


@given(st.integers(1, 20_000))
def test_a_requested_length_gives_about_as_many_words(tokens: int) -> None:
    words = len(text_of(LlmParams(prompt_tokens=tokens)).split())
    assert words == max(1, round(tokens / 1.3) - 6)


def test_without_a_requested_length_the_text_is_as_written() -> None:
    assert text_of(LlmParams(prompt=" as it is \n")) == " as it is \n"


def test_prompts_are_used_in_turn_and_are_all_in_the_digest() -> None:
    params = ServeParams(prompts=("a", "b", "c"), prompt="unused", prompt_tokens=9)
    prompts = [ask(params, "1", number=number).prompt for number in range(4)]
    assert prompts == ["1\na", "1\nb", "1\nc", "1\na"]
    other = msgspec.structs.replace(params, prompts=("a", "b", "d"))
    assert digest_of(params) != digest_of(other)
    assert digest_of(ServeParams(prompt="a")) == digest_of(LlmParams(prompt="a"))


def test_presets_are_parameters_of_both_kinds() -> None:
    for preset in TEXT_PRESETS.values():
        msgspec.convert(dict(preset), LlmParams)
        msgspec.convert(dict(preset), ServeParams)


def test_the_prompts_that_measure_the_template_are_only_nonces() -> None:
    for params in (
        LlmParams(prompt="p", prompt_tokens=9, prefix=Prefix.SHARED),
        ServeParams(prompts=("a", "b"), prefix=Prefix.SHARED),
    ):
        assert ask(nonce_alone(params), "123 456").prompt == "123 456\n"
