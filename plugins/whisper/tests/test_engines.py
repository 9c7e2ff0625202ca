"""Both engines in this process, with random weights: what they report of a round."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin import Backend
from benchrace_whisper import installed
from benchrace_whisper.config import LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper
from benchrace_whisper.lane import SpeechLane
from benchrace_whisper.scoring import score

from . import sounds
from .conftest import Racing
from .engines import both, params

# Its models are made once for each process of the tests.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whisper")]

Make = Callable[..., Racing]


@both
async def test_a_round_and_what_is_kept_of_it(
    backend: type[Backend], model: str, config: LocalConfig, racing: Make
) -> None:
    lane = racing(backend, config, **params(model, reference="somebody says something"))
    await lane.open()
    record = await lane.round()
    (file,) = record.files
    assert file.audio_ns == 2_000_000_000
    assert 0 <= file.begin_ns < (file.first_ns or 0) <= file.end_ns
    assert [one.at_ns for one in file.segments] == sorted(one.at_ns for one in file.segments)
    assert file.words is not None
    assert file.words.reference == 3
    assert (record.threads, record.beam, record.batch, record.streams) == (1, 1, 1, True)
    assert record.load_ns is not None
    assert record.engine.settings["threads"] == 1
    assert record.engine.version == metadata_version(backend)
    assert lane.context.lines == [f"[{line}" for line in _lines(lane)]
    media_type, data = lane.context.artifacts["transcript.json"]
    (transcript,) = json.loads(data)
    assert media_type == "application/json"
    assert transcript["reference"] == "somebody says something"
    assert [one["text"] for one in transcript["segments"]] == [one.text for one in file.segments]
    assert " ".join(one["reference"] for one in transcript["edits"]).split() == [
        "somebody",
        "says",
        "something",
    ]
    # A recording of one's own stays on the machine.
    assert list(lane.context.artifacts) == ["transcript.json"]


def _lines(lane: Racing) -> list[str]:
    (_, data) = lane.context.artifacts["transcript.json"]
    return [
        f"{_at(one['start_s'])} --> {_at(one['end_s'])}] {one['text']}"
        for file in json.loads(data)
        for one in file["segments"]
    ]


def _at(seconds: float) -> str:
    return f"{int(seconds // 60):02d}:{seconds % 60:06.3f}"


def metadata_version(backend: type[Backend]) -> str | None:
    extra = installed.FASTER_WHISPER if backend is FasterWhisper else installed.WHISPER_CPP
    return extra.version


async def test_what_is_open_is_told_where_one_is_to_be_alone(
    config: LocalConfig, racing: Make
) -> None:
    lane = racing(WhisperCpp, config, **params("tiny.en"))
    assert not lane.backend.workloads[0].together
    await lane.open()
    assert await lane.backend.release(lane.lane, lane.context) == []
    assert await lane.backend.release(None, lane.context) == [
        "whisper.cpp holds tiny.en for another lane"
    ]
    await lane.backend.close(lane.lane, lane.context)
    assert await lane.backend.release(None, lane.context) == []


@both
async def test_the_probe_lists_the_models(
    backend: type[Backend], model: str, config: LocalConfig, racing: Make
) -> None:
    lane = racing(backend, config)
    probe = await lane.backend.probe(lane.context)
    assert [(model.name, (model.size or 0) > 1_000_000) for model in probe.models] == [
        (model, True)
    ]


async def test_another_language_than_the_manifest_says_is_marked(
    models: Path, tmp_path: Path, racing: Make
) -> None:
    sounds.write(tmp_path / "a.wav", sounds.tones(1))
    (tmp_path / "set.jsonl").write_text('{"audio": "a.wav", "language": "ja"}')
    config = LocalConfig(audio_folders=(str(tmp_path),), models_folder=str(models))
    lane = racing(FasterWhisper, config, **params("tiny", audio="set.jsonl", language=""))
    await lane.open()
    record = await lane.round()
    assert record.files[0].language in ("en", "de")
    assert "wrong_language" in lane.codes


async def test_a_fallback_marks_the_round(config: LocalConfig, racing: Make) -> None:
    # Random letters are never likely enough.
    lane = racing(WhisperCpp, config, **params("tiny.en", fallback=True))
    await lane.open()
    record = await lane.round()
    assert (record.files[0].fallbacks or 0) > 0
    assert "temperature_fallback" in lane.codes


async def test_batches_of_speech_alone(models: Path, tmp_path: Path, racing: Make) -> None:
    config = LocalConfig(models_folder=str(models))
    changes = {"audio": "sample-10s", "batch": 2, "vad": True}
    lane = racing(FasterWhisper, config, **params("tiny", **changes))
    await lane.open()
    record = await lane.round()
    assert record.batch == 2
    assert record.files[0].count >= 1


async def test_scoring_and_storing_are_not_timed(
    config: LocalConfig, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = racing(FasterWhisper, config, **params("tiny", reference="somebody says something"))
    timed: list[bool] = []
    transcribe = SpeechLane._transcribe

    async def in_time(*args: Any) -> Any:
        timed.append(lane.context.timing)
        return await transcribe(*args)

    def afterwards(*args: Any) -> Any:
        timed.append(lane.context.timing)
        return score(*args)

    monkeypatch.setattr(SpeechLane, "_transcribe", in_time)
    monkeypatch.setattr("benchrace_whisper.lane.score", afterwards)
    await lane.open()
    await lane.round()
    assert timed == [True, False]
