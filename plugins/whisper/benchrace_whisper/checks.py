"""Checks of whether a round measured what it was to measure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchrace.plugin import Context, EngineFacts, percent
from benchrace_whisper.languages import code_of
from benchrace_whisper.record import Result
from benchrace_whisper.scoring import total

_UNLIKE = 0.5


class Finding(NamedTuple):
    """A reason against a round."""

    code: str
    text: str


def mark(results: Sequence[Result], engine: EngineFacts, context: Context) -> None:
    """Mark a round by its transcripts."""
    for finding in (*_texts(results), *_languages(results), *_engine(engine)):
        context.suspect(finding.code, finding.text)


def _texts(results: Sequence[Result]) -> Iterator[Finding]:
    empty = [result.sound.name for result in results if not result.text]
    if empty:
        yield Finding("no_text", f"nothing was transcribed of {_names(empty)}")
    rate = total([result.score.words for result in results if result.score is not None])
    if rate is not None and rate > _UNLIKE:
        text = f"the transcript differs from the reference: {percent(rate)} word errors"
        yield Finding("unlike_reference", text)
    again = [result.sound.name for result in results if result.recognition.fallbacks]
    if again:
        windows = sum(result.recognition.fallbacks or 0 for result in results)
        text = f"decoded again at a higher temperature: {windows} windows of {_names(again)}"
        yield Finding("temperature_fallback", text)


def _languages(results: Sequence[Result]) -> Iterator[Finding]:
    for result in results:
        # What Whisper does not know cannot be told from what it detects.
        expected = code_of(result.sound.language or "")
        detected = code_of(result.recognition.language or "")
        if expected and detected and expected != detected:
            text = (
                f"{result.sound.name} was detected as {detected}, but its manifest says {expected}"
            )
            yield Finding("wrong_language", text)
            return


def _engine(engine: EngineFacts) -> Iterator[Finding]:
    if engine.host is not None:
        text = f"the engine is not on this machine: {engine.host}"
        yield Finding("engine_elsewhere", text)


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
