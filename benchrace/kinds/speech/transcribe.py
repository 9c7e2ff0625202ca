"""Speech to text: metrics and how they derive. Formulas as in `docs/reference`."""

from collections.abc import Iterable

import msgspec

from benchrace.events import Measured
from benchrace.kinds.energy import energy_work
from benchrace.kinds.kind import Kind
from benchrace.kinds.metric import Better, Estimator, Metric
from benchrace.kinds.speech.params import SpeechParams
from benchrace.kinds.speech.record import ErrorCounts, MoreFiles, SpeechRecord, Transcript

Parts = tuple[tuple[int, int], ...]

# Of the interval's error, as `benchrace/stats/speech/bootstrap.py` computes it.
BOOTSTRAP = "error by a bootstrap of 500 samples with a fixed seed"
# More files are taken together with their neighbours: a round's result has to stay small.
_MAX_PARTS = 128

SPEED = Metric(
    name="x_realtime",
    title="Speed (RTFx)",
    unit="x",
    better=Better.HIGHER,
    estimator=Estimator.RATIO,
    headline=True,
    formula=(
        "seconds of audio / seconds of processing, over all files and rounds sum / sum; "
        "loading the model and decoding the audio are left out; beam and batch as set"
    ),
    phrase="times faster than real time",
)
WER = Metric(
    name="wer",
    title="Word errors (WER)",
    unit="%",
    better=Better.LOWER,
    estimator=Estimator.RATIO,
    headline=True,
    formula=(
        "100 x (substitutions + deletions + insertions) / words of the reference, over all files "
        "and rounds sum / sum; both texts by the normalizer that the lane names; interval: "
        f"value +- t(0.975, U - 1) x error over the U recordings, or "
        f"groups of neighbouring ones beyond {_MAX_PARTS}, {BOOTSTRAP}"
    ),
    phrase="word errors",
    parts="recording",
)
CER = Metric(
    name="cer",
    title="Character errors (CER)",
    unit="%",
    better=Better.LOWER,
    estimator=Estimator.RATIO,
    formula="as WER, with characters instead of words",
    parts="recording",
)
FIRST = Metric(
    name="first_segment_ms",
    title="First segment",
    unit="ms",
    better=Better.LOWER,
    headline=True,
    formula="mean over the files of: first segment here - start of processing",
    phrase="until the first segment",
)
PROCESSING = Metric(
    name="processing_ms",
    title="Processing",
    unit="ms",
    better=Better.LOWER,
    formula="sum over the files of: end of processing - start of processing",
)
DECODING = Metric(
    name="decode_ms",
    title="Decoding the audio",
    unit="ms",
    better=Better.LOWER,
    formula="reading, decoding and resampling all files, once before the rounds",
)
LOADING = Metric(
    name="load_ms",
    title="Loading the model",
    unit="ms",
    better=Better.LOWER,
    formula="loading the model, once before the rounds",
)
AUDIO = Metric(
    name="audio_s",
    title="Audio",
    unit="s",
    better=Better.NONE,
    formula="length of all files of a round, as decoded",
)
SEGMENTS = Metric(
    name="segments",
    title="Segments",
    unit="segments",
    better=Better.NONE,
    formula="segments of all files of a round",
)


def derive(record: SpeechRecord, params: SpeechParams) -> Iterable[Measured]:
    """Yield all metrics of one round; what it lacks is null with the reason."""
    sums = totals(record.files, record.more)
    audio_s, busy_ns = sums.audio_ns / 1e9, sums.processing_ns
    if busy_ns > 0:
        yield _ratio(SPEED, audio_s, busy_ns / 1e9)
    else:
        yield _missing(SPEED, "shorter than the resolution of the clock")
    yield _errors(WER, sums.words, sums.word_parts, grouped=sums.grouped)
    yield _errors(CER, sums.characters, sums.character_parts, grouped=sums.grouped)
    yield _first(sums, streams=record.streams)
    yield Measured(metric=PROCESSING.name, value=busy_ns / 1e6)
    yield from _opening(record)
    yield Measured(metric=AUDIO.name, value=audio_s)
    yield Measured(metric=SEGMENTS.name, value=sums.segments)


def _opening(record: SpeechRecord) -> Iterable[Measured]:
    """Yield what was measured once, with the first round alone: repeated, it would seem certain."""
    if not record.first:
        yield _missing(DECODING, "measured when the lane opened")
    else:
        yield Measured(metric=DECODING.name, value=record.decode_ns / 1e6)
    if record.load_ns is None:
        yield _missing(LOADING, "the server loads its models by itself")
    elif not record.first:
        yield _missing(LOADING, "measured when the lane opened")
    else:
        yield Measured(metric=LOADING.name, value=record.load_ns / 1e6)


def totals(files: Iterable[Transcript], more: MoreFiles | None = None) -> MoreFiles:
    """Return the sums over all files; errors over those that have a reference."""
    listed = list(files)
    waits = [file.first_ns - file.begin_ns for file in listed if file.first_ns is not None]
    words = [file.words for file in listed]
    characters = [file.characters for file in listed]
    word_parts = _parts(words, more.word_parts if more else ())
    character_parts = _parts(characters, more.character_parts if more else ())
    return MoreFiles(
        files=len(listed) + (more.files if more else 0),
        audio_ns=sum(file.audio_ns for file in listed) + (more.audio_ns if more else 0),
        processing_ns=sum(file.end_ns - file.begin_ns for file in listed)
        + (more.processing_ns if more else 0),
        waits=len(waits) + (more.waits if more else 0),
        waits_ns=sum(waits) + (more.waits_ns if more else 0),
        segments=sum(file.count for file in listed) + (more.segments if more else 0),
        words=_sum([*words, more.words if more else None]),
        characters=_sum([*characters, more.characters if more else None]),
        word_parts=_grouped(word_parts),
        character_parts=_grouped(character_parts),
        grouped=len(word_parts) > _MAX_PARTS or (more is not None and more.grouped),
    )


def _parts(counts: Iterable[ErrorCounts | None], more: Parts) -> Parts:
    """Return errors and references of files with one, and of those that are added up already."""
    return (*((one.errors, one.reference) for one in counts if one is not None), *more)


def _grouped(parts: Parts) -> Parts:
    """Return parts, neighbours together where there are many."""
    together = -(-len(parts) // _MAX_PARTS) or 1
    groups = [parts[start : start + together] for start in range(0, len(parts), together)]
    return tuple(
        (sum(part[0] for part in group), sum(part[1] for part in group)) for group in groups
    )


def _sum(counts: Iterable[ErrorCounts | None]) -> ErrorCounts | None:
    counted = [count for count in counts if count is not None]
    if not counted:
        return None
    return ErrorCounts(
        substitutions=sum(count.substitutions for count in counted),
        deletions=sum(count.deletions for count in counted),
        insertions=sum(count.insertions for count in counted),
        reference=sum(count.reference for count in counted),
    )


def _errors(metric: Metric, counts: ErrorCounts | None, parts: Parts, *, grouped: bool) -> Measured:
    if counts is None:
        return _missing(metric, "no reference text")
    if not counts.reference:
        return _missing(metric, "the reference is empty")
    # Earlier records do not have those of all files: an interval would be of other ones.
    if tuple(map(sum, zip(*parts, strict=True))) != (counts.errors, counts.reference):
        return _ratio(metric, 100 * counts.errors, counts.reference)
    return msgspec.structs.replace(
        _ratio(metric, 100 * counts.errors, counts.reference),
        parts=tuple((100.0 * errors, float(reference)) for errors, reference in parts),
        grouped=grouped,
    )


def _first(sums: MoreFiles, *, streams: bool) -> Measured:
    if not streams:
        return _missing(FIRST, "the engine returns the transcript of a file at once")
    if not sums.waits:
        return _missing(FIRST, "no segment arrived")
    return Measured(metric=FIRST.name, value=sums.waits_ns / sums.waits / 1e6)


def _ratio(metric: Metric, numerator: float, denominator: float) -> Measured:
    return Measured(
        metric=metric.name,
        value=numerator / denominator,
        numerator=numerator,
        denominator=denominator,
    )


def _missing(metric: Metric, reason: str) -> Measured:
    return Measured(metric=metric.name, value=None, reason=reason)


TRANSCRIBE = Kind(
    name="transcribe",
    title="Transcribe speech",
    params=SpeechParams,
    record=SpeechRecord,
    metrics=(SPEED, WER, FIRST, CER, PROCESSING, DECODING, LOADING, AUDIO, SEGMENTS),
    derive=derive,
    metrics_version=2,
    work=("audio", "task"),
    energy=energy_work(
        AUDIO.name,
        one="audio minute",
        many="audio seconds",
        unit="s of audio",
        symbol="min of audio",
        size=60,
    ),
)
