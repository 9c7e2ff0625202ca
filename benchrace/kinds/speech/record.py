"""Raw facts of a round of speech: what was heard when, and how far it is from the reference."""

import msgspec

from benchrace.kinds.kind import Record
from benchrace.kinds.llm.record import CacheProof, CacheState, EngineFacts


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """A segment: its place in the audio in ms, and when it arrived, ns since the round's start."""

    start_ms: int
    end_ms: int
    at_ns: int
    text: str


class ErrorCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Edits that make the reference into the transcript, and the length of the reference."""

    substitutions: int
    deletions: int
    insertions: int
    reference: int

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """One file. Instants are ns since the round's start, on the agent's monotonic clock.

    `audio_ns` is its length, and `first_ns` when its first segment arrived: null without one, and
    where the engine returns all at once. `text` and `segments` are its beginning, as far as they
    fit; the artifact `transcript.json` has all of it. `count` counts segments. `language` is the
    one that was set or detected. `fallbacks` counts windows that were decoded again at a higher
    temperature, null if the engine does not tell. `words` and `characters` are null without a
    reference.
    """

    name: str
    digest: str
    audio_ns: int
    begin_ns: int
    first_ns: int | None
    end_ns: int
    text: str
    count: int
    segments: tuple[Utterance, ...] = ()
    language: str | None = None
    fallbacks: int | None = None
    words: ErrorCounts | None = None
    characters: ErrorCounts | None = None


class MoreFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the files that a record has no room for; `waits_ns` over `waits` first segments.

    `word_parts` and `character_parts` are errors and lengths of the references of single files, or
    of neighbouring ones together where there are many, and then `grouped` is true.
    """

    files: int
    audio_ns: int
    processing_ns: int
    waits: int
    waits_ns: int
    segments: int
    words: ErrorCounts | None = None
    characters: ErrorCounts | None = None
    word_parts: tuple[tuple[int, int], ...] = ()
    character_parts: tuple[tuple[int, int], ...] = ()
    grouped: bool = False


class SpeechRecord(Record, frozen=True, kw_only=True):
    """One round: every file of the set, one after the other; `more` are those not in `files`.

    `prompt_digest` identifies the audio and its order. `load_ns` is what loading the model took
    and `decode_ns` what decoding and resampling the audio took, both before the rounds; `load_ns`
    is null where the engine loads by itself. `threads` is null on a GPU; `threads`, `beam` and
    `batch` are where a server decides. `streams` tells whether segments arrive while it works, and
    `first` whether this is the lane's first round after warm-ups: what was measured when it opened
    counts once.
    """

    engine: EngineFacts
    cache: CacheState
    cache_proof: CacheProof
    timing_source: str
    prompt_digest: str
    files: tuple[Transcript, ...]
    load_ns: int | None
    decode_ns: int
    threads: int | None
    beam: int | None
    batch: int | None
    normalizer: str
    streams: bool
    more: MoreFiles | None = None
    first: bool = True
