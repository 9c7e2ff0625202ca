"""Prompts built without a model, and the wrapping that models put around theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.run.prompt import TOKENS_A_WORD, built, cleaned, instruction, room


@given(st.text(min_size=1, max_size=500), st.integers(10, 2000))
def test_the_same_words_give_the_same_prompt_with_the_topic_as_it_is(
    about: str, tokens: int
) -> None:
    prompt = built(about, tokens)
    assert prompt == built(about, tokens)
    assert about in prompt


@pytest.mark.parametrize("tokens", [50, 100, 400, 1000])
def test_it_is_about_as_long_as_wanted(tokens: int) -> None:
    words = len(built("tides", tokens).split())
    assert 0.6 * tokens < words * TOKENS_A_WORD <= tokens


def test_unlike_topics_are_not_asked_alike() -> None:
    topics = ("tides", "bees", "bridges", "trains", "salt", "maps", "clocks", "rain")
    assert len({built(topic, 60).replace(topic, "") for topic in topics}) > 3


def test_a_topic_with_braces_is_text() -> None:
    assert "{0} {about!r}" in built("{0} {about!r}", 20)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('"Tell of tides."', "Tell of tides."),
        ("  Tell of tides.\n", "Tell of tides."),
        ("**Prompt:** Tell of tides.", "Tell of tides."),
        ('Prompt: "Tell of tides."', "Tell of tides."),
        ("Tell of tides: all.", "Tell of tides: all."),
        ('"Tides" and "ebb"', '"Tides" and "ebb"'),
        ('"', '"'),
        ("", ""),
    ],
)
def test_what_models_put_around_a_prompt_is_taken_away(text: str, meant: str) -> None:
    assert cleaned(text) == meant


def test_a_model_is_told_how_long_and_has_room_for_it() -> None:
    wording = instruction("tides {about}", 130)
    assert "about 100 words" in wording
    assert wording.endswith("tides {about}")
    assert (room(10), room(500)) == (64, 1000)
