"""The numbers of a round of speech, by hand."""

from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.kinds import TRANSCRIBE
from benchrace.kinds.llm import CacheProof, CacheState, EngineFacts
from benchrace.kinds.speech import (
    ErrorCounts,
    SpeechParams,
    SpeechRecord,
    Transcript,
    totals,
)

S = 1_000_000_000


def counts(substitutions: int, deletions: int, insertions: int, reference: int) -> ErrorCounts:
    return ErrorCounts(
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
        reference=reference,
    )


def transcript(**changes: Any) -> Transcript:
    """Return 30 s of audio that took 3 s, the first segment after 2 s; 4 of 20 words wrong."""
    fields: dict[str, Any] = {
        "name": "a.wav",
        "digest": "sha256:0",
        "audio_ns": 30 * S,
        "begin_ns": S,
        "first_ns": 3 * S,
        "end_ns": 4 * S,
        "text": "hello",
        "count": 5,
        "words": counts(2, 1, 1, 20),
        "characters": counts(3, 2, 1, 100),
    }
    return Transcript(**{**fields, **changes})


def record(*files: Transcript, **changes: Any) -> SpeechRecord:
    fields: dict[str, Any] = {
        "engine": EngineFacts(name="engine"),
        "cache": CacheState.WARM_UNIQUE,
        "cache_proof": CacheProof.ENGINE,
        "timing_source": "agent",
        "prompt_digest": "sha256:0",
        "files": files or (transcript(),),
        "load_ns": S // 2,
        "decode_ns": S // 4,
        "threads": 4,
        "beam": 5,
        "batch": 1,
        "normalizer": "none",
        "streams": True,
    }
    return SpeechRecord(**{**fields, **changes})


def figures(of: SpeechRecord) -> dict[str, Measured]:
    return {one.metric: one for one in TRANSCRIBE.derive(of, SpeechParams())}


def test_every_metric_is_derived_from_one_file() -> None:
    derived = figures(record())
    assert {name: one.value for name, one in derived.items()} == {
        "x_realtime": 10.0,
        "wer": 20.0,
        "cer": 6.0,
        "first_segment_ms": 2000.0,
        "processing_ms": 3000.0,
        "decode_ms": 250.0,
        "load_ms": 500.0,
        "audio_s": 30.0,
        "segments": 5,
    }
    assert set(derived) == {metric.name for metric in TRANSCRIBE.metrics}


def test_files_combine_as_sums_and_not_as_means_of_ratios() -> None:
    # 30 s in 3 s, then 10 s in 7 s: 40 s in 10 s, where the mean of both speeds would be 5.7.
    slow = transcript(
        audio_ns=10 * S, begin_ns=10 * S, first_ns=14 * S, end_ns=17 * S, words=counts(0, 0, 1, 80)
    )
    derived = figures(record(transcript(), slow))
    speed, errors = derived["x_realtime"], derived["wer"]
    assert (speed.value, speed.numerator, speed.denominator) == (4.0, 40.0, 10.0)
    assert (errors.value, errors.numerator, errors.denominator) == (5.0, 500, 100)
    assert derived["first_segment_ms"].value == 3000.0


def test_more_errors_than_words_are_more_than_100_percent() -> None:
    assert figures(record(transcript(words=counts(1, 0, 5, 2))))["wer"].value == 300.0


def test_only_files_with_a_reference_count_for_errors() -> None:
    derived = figures(record(transcript(), transcript(words=None, characters=None)))
    assert derived["wer"].value == 20.0
    assert derived["audio_s"].value == 60.0


@pytest.mark.parametrize(
    ("changes", "metric", "reason"),
    [
        ({"words": None}, "wer", "no reference text"),
        ({"words": counts(0, 0, 3, 0)}, "wer", "the reference is empty"),
        ({"characters": None}, "cer", "no reference text"),
        ({"first_ns": None}, "first_segment_ms", "no segment arrived"),
        ({"end_ns": S}, "x_realtime", "shorter than the resolution of the clock"),
    ],
)
def test_what_is_missing_is_null_with_the_reason(
    changes: dict[str, Any], metric: str, reason: str
) -> None:
    derived = figures(record(transcript(**changes)))[metric]
    assert (derived.value, derived.reason) == (None, reason)


def test_a_server_has_no_first_segment_and_no_load() -> None:
    derived = figures(record(streams=False, load_ns=None))
    assert derived["first_segment_ms"].value is None
    assert derived["load_ms"].reason == "the server loads its models by itself"


def test_what_was_measured_once_is_no_sample_of_each_round() -> None:
    derived = figures(record(first=False))
    for name in ("load_ms", "decode_ms"):
        assert (derived[name].value, derived[name].reason) == (
            None,
            "measured when the lane opened",
        )


def test_files_beyond_the_room_of_a_record_count_alike() -> None:
    files = [transcript(begin_ns=n * S, first_ns=n * S + S, end_ns=(n + 2) * S) for n in range(5)]
    whole = record(*files)
    short = record(*files[:2], more=totals(files[2:]))
    assert figures(short) == figures(whole)
    assert totals(short.files, short.more) == totals(files)


def test_errors_are_reported_for_each_recording_with_a_reference() -> None:
    bare = transcript(words=None, characters=None)
    derived = figures(record(transcript(), bare, transcript(words=counts(0, 0, 1, 80))))
    assert derived["wer"].parts == ((400.0, 20.0), (100.0, 80.0))
    assert derived["x_realtime"].parts == ()
    many = [transcript(words=counts(1, 0, 0, 7)) for _ in range(1000)]
    figure = figures(record(*many[:100], more=totals(many[100:])))["wer"]
    parts = figure.parts
    assert (len(parts) <= 128, figure.grouped, derived["wer"].grouped) == (True, True, False)
    assert [sum(part[place] for part in parts) for place in (0, 1)] == [100_000, 7000]


def test_an_earlier_record_without_the_errors_of_each_file_has_no_interval() -> None:
    files = [transcript() for _ in range(5)]
    earlier = msgspec.structs.replace(totals(files[2:]), word_parts=(), character_parts=())
    wer = figures(record(*files[:2], more=earlier))["wer"]
    assert wer.parts == ()
    assert wer.value == figures(record(*files))["wer"].value
    assert TRANSCRIBE.metrics_version > 1


def test_a_record_survives_the_log() -> None:
    of = record(transcript(), more=totals([transcript()]))
    assert msgspec.json.decode(msgspec.json.encode(of), type=SpeechRecord) == of


def test_the_speed_ranks() -> None:
    assert TRANSCRIBE.metrics[0].name == "x_realtime"
    assert TRANSCRIBE.metrics[0].headline
