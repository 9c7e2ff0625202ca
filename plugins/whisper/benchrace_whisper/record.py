"""The record of a round, and its transcript in full as an artifact."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from benchrace.plugin import (
    CacheProof,
    CacheState,
    SpeechParams,
    SpeechRecord,
    Transcript,
    Utterance,
    speech_totals,
)
from benchrace_whisper.audio.rate import RATE
from benchrace_whisper.scoring import Edit, Score
from benchrace_whisper.transcriber import Loaded, Recognition, Sound

# A line of the log holds 256 KiB; characters of 4 bytes must fit, too.
_MAX_CHARS = 24_000
_MAX_FILES = 100
_MAX_CHARS_PER_FILE = 4_000
_UTTERANCE_CHARS = 40
_FILE_CHARS = 150


class FullSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A segment of the artifact; times in s since the beginning of the file."""

    start_s: float
    end_s: float
    text: str


class FullTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the artifact `transcript.json`.

    `edits` lead from the normalised reference to the normalised transcript, null without one.
    """

    name: str
    digest: str
    audio_s: float
    language: str | None
    text: str
    segments: tuple[FullSegment, ...]
    reference: str | None = None
    edits: tuple[Edit, ...] | None = None


@dataclass(frozen=True)
class Result:
    """One file of a round; `score` is None without a reference."""

    sound: Sound
    recognition: Recognition
    score: Score | None

    @property
    def text(self) -> str:
        return joined(self.recognition)


@dataclass(frozen=True)
class Prepared:
    """What was done before the rounds: a digest of all the audio, and how long it took."""

    digest: str
    decode_ns: int


def joined(recognition: Recognition) -> str:
    """Return the whole text of a transcript."""
    return " ".join(segment.text for segment in recognition.segments if segment.text)


def record(
    params: SpeechParams,
    loaded: Loaded,
    prepared: Prepared,
    results: Sequence[Result],
    *,
    t0_ns: int,
    streams: bool,
    first: bool,
) -> SpeechRecord:
    """Return the record of a round that began at `t0_ns`."""
    files = _files(results, t0_ns, streams=streams)
    rest = files[_MAX_FILES:]
    return SpeechRecord(
        engine=loaded.facts,
        cache=CacheState.WARM_UNIQUE,
        # Engines here keep no transcripts, and no server has seen the end of this round's file.
        cache_proof=CacheProof.INFERRED,
        timing_source="agent",
        prompt_digest=prepared.digest,
        files=files[:_MAX_FILES],
        load_ns=loaded.load_ns,
        decode_ns=prepared.decode_ns,
        threads=loaded.threads,
        beam=loaded.beam,
        batch=loaded.batch,
        normalizer=params.normalizer,
        streams=streams,
        more=speech_totals(rest) if rest else None,
        first=first,
    )


def document(results: Sequence[Result]) -> bytes:
    """Return the artifact: all transcripts with their segments and word differences."""
    return msgspec.json.encode([_full(result) for result in results])


def _full(result: Result) -> FullTranscript:
    return FullTranscript(
        name=result.sound.name,
        digest=result.sound.digest,
        audio_s=result.sound.samples.size / RATE,
        language=result.recognition.language,
        text=result.text,
        segments=tuple(
            FullSegment(
                start_s=round(segment.start_s, 3), end_s=round(segment.end_s, 3), text=segment.text
            )
            for segment in result.recognition.segments
        ),
        reference=result.sound.reference,
        edits=None if result.score is None else result.score.edits,
    )


def _files(results: Sequence[Result], t0_ns: int, *, streams: bool) -> tuple[Transcript, ...]:
    files = []
    left = _MAX_CHARS
    for result in results:
        text = result.text[: max(0, min(left, _MAX_CHARS_PER_FILE))]
        left -= len(text) + _FILE_CHARS
        segments: list[Utterance] = []
        for segment in result.recognition.segments:
            left -= len(segment.text) + _UTTERANCE_CHARS
            if left < 0:
                break
            segments.append(
                Utterance(
                    start_ms=round(segment.start_s * 1000),
                    end_ms=round(segment.end_s * 1000),
                    at_ns=segment.at_ns - t0_ns,
                    text=segment.text,
                )
            )
        files.append(_transcript(result, text, tuple(segments), t0_ns, streams=streams))
    return tuple(files)


def _transcript(
    result: Result, text: str, segments: tuple[Utterance, ...], t0_ns: int, *, streams: bool
) -> Transcript:
    recognition, score = result.recognition, result.score
    first = recognition.segments[0].at_ns if streams and recognition.segments else None
    return Transcript(
        name=result.sound.name[:200],
        digest=f"sha256:{result.sound.digest}",
        audio_ns=result.sound.samples.size * 1_000_000_000 // RATE,
        begin_ns=recognition.began_ns - t0_ns,
        first_ns=None if first is None else first - t0_ns,
        end_ns=recognition.ended_ns - t0_ns,
        text=text,
        count=len(recognition.segments),
        segments=segments,
        language=recognition.language,
        fallbacks=recognition.fallbacks,
        words=None if score is None else score.words,
        characters=None if score is None else score.characters,
    )
