"""Errors of transcripts, by hand and as jiwer counts them."""

import jiwer
import pytest

from benchrace.plugin import ErrorCounts, Normalizer
from benchrace_whisper.scoring import Op, score, total

SAID = "the cat sat on the mat"


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        ("the cat sat on the mat", (0, 0, 0)),
        ("the hat sat on the mat", (1, 0, 0)),
        ("the cat sat the mat", (0, 1, 0)),
        ("the cat sat on the big mat", (0, 0, 1)),
        ("", (0, 6, 0)),
        ("a cat sat on on mat today", (2, 0, 1)),
    ],
)
def test_words_are_counted_by_hand(hypothesis: str, expected: tuple[int, int, int]) -> None:
    words = score(hypothesis, SAID, Normalizer.NONE).words
    assert (words.substitutions, words.deletions, words.insertions) == expected
    assert words.reference == 6
    if hypothesis:
        assert words.errors / words.reference == jiwer.wer(SAID, hypothesis)


def test_characters_are_those_of_jiwer() -> None:
    hypothesis = "the bat sat on mats"
    characters = score(hypothesis, SAID, Normalizer.NONE).characters
    assert characters is not None
    assert characters.reference == len(SAID)
    assert characters.errors / characters.reference == jiwer.cer(SAID, hypothesis)


def test_the_normalizers_make_texts_alike() -> None:
    reference, hypothesis = "Mr. Smith's colour: twenty-one!", "mister smith's color 21"
    assert score(hypothesis, reference, Normalizer.ENGLISH).words.errors == 0
    assert score(hypothesis, reference, Normalizer.BASIC).words.errors > 0
    assert score("Hello world", "hello, WORLD!", Normalizer.BASIC).words.errors == 0
    assert score("Hello world", "hello, WORLD!", Normalizer.NONE).words.errors == 2


def test_no_language_is_lost_by_the_basic_normalizer() -> None:
    assert score("größe zwölf", "Größe, zwölf.", Normalizer.BASIC).words.errors == 0
    assert score("наука", "Наука!", Normalizer.BASIC).words.reference == 1


def test_edits_lead_from_the_reference_to_the_transcript() -> None:
    edits = score("the hat sat the big mat", SAID, Normalizer.NONE).edits
    assert " ".join(edit.reference for edit in edits if edit.reference) == SAID
    assert {edit.op for edit in edits} == {Op.EQUAL, Op.SUBSTITUTE}
    assert " ".join(edit.transcript for edit in edits if edit.transcript) == (
        "the hat sat the big mat"
    )


def test_an_empty_reference_counts_what_was_invented() -> None:
    words = score("thank you", "...", Normalizer.BASIC).words
    assert words == ErrorCounts(substitutions=0, deletions=0, insertions=2, reference=0)
    assert total([words]) is None


def test_a_corpus_is_a_sum() -> None:
    one = ErrorCounts(substitutions=1, deletions=0, insertions=0, reference=1)
    many = ErrorCounts(substitutions=0, deletions=0, insertions=0, reference=9)
    assert total([one, many]) == 0.1
    assert total([]) is None
