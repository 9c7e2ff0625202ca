"""Count the errors of a transcript against its reference, by words and by characters."""

import warnings
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import msgspec

from benchrace.plugin import ErrorCounts, Normalizer

# Aligning characters takes time and memory that grow with the product of both lengths.
_MAX_PRODUCT = 400_000_000


class Op(StrEnum):
    """What leads from a stretch of the reference to one of the transcript."""

    EQUAL = "equal"
    SUBSTITUTE = "substitute"
    INSERT = "insert"
    DELETE = "delete"


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of words in which transcript and reference agree or differ."""

    op: Op
    reference: str
    transcript: str


class Score(NamedTuple):
    """Errors of one file; `characters` is None for texts that are too long to align."""

    words: ErrorCounts
    characters: ErrorCounts | None
    edits: tuple[Edit, ...]


def score(transcript: str, reference: str, normalizer: Normalizer) -> Score:
    """Compare both texts after normalizing them."""
    import jiwer

    normalize = normalizer_of(normalizer)
    reference_text, hypothesis = normalize(reference), normalize(transcript)
    words = jiwer.process_words([reference_text], [hypothesis])
    counts = ErrorCounts(
        substitutions=words.substitutions,
        deletions=words.deletions,
        insertions=words.insertions,
        reference=len(reference_text.split()),
    )
    edits = tuple(
        Edit(
            op=Op(chunk.type),
            reference=" ".join(words.references[0][chunk.ref_start_idx : chunk.ref_end_idx]),
            transcript=" ".join(words.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )
        for chunk in words.alignments[0]
    )
    return Score(counts, _characters(reference_text, hypothesis), edits)


def total(counts: Sequence[ErrorCounts]) -> float | None:
    """Return errors per word of the reference over a corpus; None without any reference."""
    length = sum(count.reference for count in counts)
    return sum(count.errors for count in counts) / length if length else None


@cache
def normalizer_of(normalizer: Normalizer) -> Callable[[str], str]:
    """Return the function that makes texts alike; words are separated by single spaces."""
    if normalizer is Normalizer.NONE:
        return _spaced
    with warnings.catch_warnings():
        # Its first import compiles docstrings with invalid escapes.
        warnings.simplefilter("ignore")
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer
    english = normalizer is Normalizer.ENGLISH
    return _then_spaced(EnglishTextNormalizer() if english else BasicTextNormalizer())


def _then_spaced(normalize: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: _spaced(normalize(text))


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _characters(reference_text: str, hypothesis: str) -> ErrorCounts | None:
    import jiwer

    if len(reference_text) * len(hypothesis) > _MAX_PRODUCT:
        return None
    counted = jiwer.process_characters([reference_text], [hypothesis])
    return ErrorCounts(
        substitutions=counted.substitutions,
        deletions=counted.deletions,
        insertions=counted.insertions,
        reference=len(reference_text),
    )
