"""What is asked: nonces, rendering, lengths, digests."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from benchrace.kinds.llm import TEXT_PRESETS, LlmParams, Prefix, ServeParams, TextParams
from benchrace.plugin import Lane
from benchrace.plugin.llm.ask import ask, digest_of, nonce_alone, nonce_text, text_of


def lane(**params: Any) -> Lane[TextParams]:
    return Lane(lane_id="l", label="l", kind="llm_generate", params=LlmParams(**params))


def test_a_million_nonces_are_all_unlike_and_equally_long() -> None:
    # By the digest's own numbers: a text for each would take longer than the test may.
    seen = {nonce_text("salt", round_, 0) for round_ in range(50_000)}
    assert len(seen) == 50_000
    assert {len(each) for each in seen} == {23}
    numbers = set()
    for number in range(1_000_000):
        numbers.add(_number(number))
    assert len(numbers) == 1_000_000


def _number(number: int) -> int:
    """The number that `nonce_text` writes in base 900, as it makes it."""
    import hashlib

    digest = hashlib.sha256(str(number).encode()).digest()
    return int.from_bytes(digest[:16], "big") % 900**6


def test_the_shortcut_of_the_test_above_is_what_nonces_hold() -> None:
    for number in range(100):
        groups = [int(each) - 100 for each in nonce_text(number).split(" ")]
        assert sum(group * 900**place for place, group in enumerate(groups)) == _number(number)


@given(st.lists(st.text(max_size=20) | st.integers(), max_size=4))
def test_a_nonce_is_six_groups_of_three_digits(parts: list[Any]) -> None:
    groups = nonce_text(*parts).split(" ")
    assert len(groups) == 6
    assert all(100 <= int(group) <= 999 for group in groups)
    assert nonce_text(*parts) == nonce_text(*parts)


def test_parts_are_told_apart() -> None:
    assert nonce_text("1", "23") != nonce_text("12", "3")


def test_the_nonce_comes_before_everything_that_is_written() -> None:
    plain = ask(lane(prompt="p"), "123 456")
    assert (plain.system, plain.prompt) == ("", "123 456\np")
    told = ask(lane(prompt="p", system="s"), "123 456")
    assert (told.system, told.prompt) == ("123 456\ns", "p")
    shared = ask(lane(prompt="p", system="s", prefix=Prefix.SHARED), "123 456")
    assert (shared.system, shared.prompt) == ("s", "p")


def test_the_nonce_is_no_part_of_the_works_digest() -> None:
    params = lane(prompt="p").params
    assert digest_of(params) == digest_of(msgspec.structs.replace(params, seed=7))
    assert digest_of(params) != digest_of(msgspec.structs.replace(params, prompt="q"))
    assert digest_of(params) != digest_of(msgspec.structs.replace(params, system="p"))


@given(st.integers(1, 20_000))
def test_a_wanted_length_gives_about_as_many_words(tokens: int) -> None:
    words = len(text_of(LlmParams(prompt_tokens=tokens)).split())
    assert words == max(1, round(tokens / 1.3) - 6)


def test_without_a_wanted_length_the_text_is_as_written() -> None:
    assert text_of(LlmParams(prompt=" as it is \n")) == " as it is \n"


def test_prompts_are_asked_in_turn_and_are_all_in_the_digest() -> None:
    params = ServeParams(prompts=("a", "b", "c"), prompt="not asked", prompt_tokens=9)
    made: Lane[Any] = Lane(lane_id="l", label="l", kind="llm_serve", params=params)
    asked = [ask(made, "1", number=number).prompt for number in range(4)]
    assert asked == ["1\na", "1\nb", "1\nc", "1\na"]
    other = msgspec.structs.replace(params, prompts=("a", "b", "d"))
    assert digest_of(params) != digest_of(other)
    assert digest_of(ServeParams(prompt="a")) == digest_of(LlmParams(prompt="a"))


def test_presets_are_parameters_of_both_kinds() -> None:
    for preset in TEXT_PRESETS.values():
        msgspec.convert(dict(preset), LlmParams)
        msgspec.convert(dict(preset), ServeParams)


def test_a_measure_of_the_template_asks_for_nothing_else() -> None:
    for params in (
        LlmParams(prompt="p", prompt_tokens=9, prefix=Prefix.SHARED),
        ServeParams(prompts=("a", "b"), prefix=Prefix.SHARED),
    ):
        made: Lane[Any] = Lane(lane_id="l", label="l", kind="k", params=params)
        assert ask(nonce_alone(made), "123 456").prompt == "123 456\n"
