"""Both engines in this process, with random weights: what they report, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.plugin import Backend, BenchraceError, Category, InvalidInput
from benchrace_whisper import installed
from benchrace_whisper.audio.audio_set import Clip
from benchrace_whisper.audio.folders import sample
from benchrace_whisper.config import KeepAudio, LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper
from benchrace_whisper.lane import Keeping

from . import sounds
from .conftest import Racing

# Its models are made once for each process of the tests.
pytestmark = pytest.mark.xdist_group("whisper")

Make = Callable[..., Racing]
ENGINES: list[tuple[type[Backend], str]] = [(FasterWhisper, "tiny"), (WhisperCpp, "tiny.en")]
NAMES = ["faster-whisper", "whisper-cpp"]
both = pytest.mark.parametrize(("backend", "model"), ENGINES, ids=NAMES)


@pytest.fixture
def config(models: Path, audio: Path) -> LocalConfig:
    return LocalConfig(audio_folders=(str(audio),), models_folder=str(models))


def params(model: str, **changes: Any) -> dict[str, Any]:
    base = {"model": model, "audio": "two.wav", "language": "en", "beam": 1, "threads": 1}
    return {**base, "device": "cpu", **changes}


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


@both
async def test_a_set_is_one_round(
    backend: type[Backend], model: str, models: Path, tmp_path: Path, racing: Make
) -> None:
    for seed, name in enumerate(("b.wav", "a.wav")):
        sounds.write(tmp_path / name, sounds.tones(1 + seed, seed))
    (tmp_path / "b.txt").write_text("one two")
    config = LocalConfig(audio_folders=(str(tmp_path),), models_folder=str(models))
    lane = racing(backend, config, **params(model, audio=str(tmp_path)))
    await lane.open()
    record = await lane.round()
    assert [file.name for file in record.files] == ["a.wav", "b.wav"]
    assert [file.words is None for file in record.files] == [True, False]
    assert record.files[0].end_ns <= record.files[1].begin_ns
    assert lane.figures(record)["audio_s"] == 3.0
    assert lane.context.lines[0] == "a.wav:"
    assert lane.context.steps[-1][:2] == (3.0, 3.0)


@pytest.mark.parametrize(
    ("keep", "names"),
    [
        ("samples", {"sample-10s"}),
        ("all", {"two.wav", "sample-10s"}),
        ("none", set()),
    ],
)
def test_the_owner_says_which_recordings_leave_the_machine(
    keep: str, names: set[str], audio: Path
) -> None:
    keeping = Keeping(KeepAudio(keep), set())
    clips = [Clip("two.wav", audio / "two.wav"), Clip("sample-10s", sample("sample-10s"))]
    assert {clip.name for clip in clips if keeping.wants(clip)} == names


async def test_a_recording_is_stored_once_for_all_lanes(
    models: Path, audio: Path, racing: Make
) -> None:
    config = LocalConfig(
        audio_folders=(str(audio),), models_folder=str(models), keep_audio=KeepAudio.ALL
    )
    lane = racing(WhisperCpp, config, **params("tiny.en"))
    await lane.open()
    await lane.round()
    assert lane.context.artifacts.pop("audio-0.wav")[1].startswith(b"RIFF")
    other = replace(lane, lane=msgspec.structs.replace(lane.lane, lane_id="other"))
    await other.open()
    await other.round()
    assert "audio-0.wav" not in lane.context.artifacts
    await other.backend.close(other.lane, other.context)


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


async def test_the_length_of_a_set_is_limited_in_all(
    models: Path, tmp_path: Path, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchrace_whisper.lane.MAX_AUDIO_S", 3)
    for name in ("a.wav", "b.wav"):
        sounds.write(tmp_path / name, sounds.tones(2))
    config = LocalConfig(audio_folders=(str(tmp_path),), models_folder=str(models))
    lane = racing(WhisperCpp, config, **params("tiny.en", audio=str(tmp_path)))
    with pytest.raises(InvalidInput, match="which end in b"):
        await lane.open()


@both
async def test_the_probe_lists_the_models(
    backend: type[Backend], model: str, config: LocalConfig, racing: Make
) -> None:
    lane = racing(backend, config)
    probe = await lane.backend.probe(lane.context)
    assert [(model.name, (model.size or 0) > 1_000_000) for model in probe.models] == [
        (model, True)
    ]


@both
async def test_a_missing_package_is_named_with_its_extra(
    backend: type[Backend],
    model: str,
    config: LocalConfig,
    racing: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    lane = racing(backend, config, **params(model))
    probe = await lane.backend.probe(lane.context)
    extra = "[faster]" if backend is FasterWhisper else "[cpp]"
    assert not probe.reachable
    assert extra in probe.problems[0].remedy
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert extra in readiness.problems[0].remedy


@both
async def test_what_a_machine_lacks_is_found_before_the_race(
    backend: type[Backend], model: str, config: LocalConfig, racing: Make
) -> None:
    for changes, category in (
        ({"model": "huge"}, Category.MISSING_MODEL),
        ({"language": "xx"}, Category.WRONG_LANGUAGE),
        ({"audio": "no.wav"}, Category.MISSING_ASSET),
    ):
        lane = racing(backend, config, **{**params(model), **changes})
        readiness = await lane.backend.preflight(lane.lane, lane.context)
        assert (readiness.ready, readiness.category) == (False, category)
    lane = racing(backend, config, **params(model, audio="/etc/passwd"))
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert [field.path for field in readiness.fields] == ["audio"]


@both
async def test_a_damaged_model_is_missing(
    backend: type[Backend], model: str, models: Path, audio: Path, tmp_path: Path, racing: Make
) -> None:
    source = models / ("tiny/model.bin" if backend is FasterWhisper else "ggml-tiny.en.bin")
    broken = tmp_path / source.relative_to(models)
    broken.parent.mkdir(exist_ok=True)
    # The end of the vocabulary, and no weights.
    broken.write_bytes(source.read_bytes()[:900_000])
    config = LocalConfig(audio_folders=(str(audio),), models_folder=str(tmp_path))
    lane = racing(backend, config, **params(model))
    with pytest.raises(BenchraceError) as caught:
        await lane.open()
    assert caught.value.category is Category.MISSING_MODEL


@both
async def test_silence_is_found_before_the_rounds(
    backend: type[Backend], model: str, models: Path, tmp_path: Path, racing: Make
) -> None:
    sounds.write(tmp_path / "quiet.wav", sounds.tones(1) * 0)
    config = LocalConfig(audio_folders=(str(tmp_path),), models_folder=str(models))
    lane = racing(backend, config, **params(model, audio="quiet.wav"))
    with pytest.raises(BenchraceError) as caught:
        await lane.open()
    assert caught.value.category is Category.SILENCE


@both
async def test_a_gpu_that_is_not_there_is_an_error(
    backend: type[Backend], model: str, config: LocalConfig, racing: Make
) -> None:
    pytest.importorskip("ctranslate2")
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a GPU")
    lane = racing(backend, config, **params(model, device="gpu"))
    with pytest.raises(BenchraceError) as caught:
        await lane.open()
    assert caught.value.category is Category.UNSUPPORTED_HARDWARE


@pytest.mark.parametrize(
    ("backend", "changes", "field"),
    [
        (FasterWhisper, {"batch": 4}, "batch"),
        (FasterWhisper, {"batch": 4, "vad": True, "context": True}, "context"),
        (FasterWhisper, {"batch": 4, "vad": True, "fallback": True}, "fallback"),
        (WhisperCpp, {"batch": 2}, "batch"),
        (WhisperCpp, {"beam": 9}, "beam"),
        (WhisperCpp, {"vad": True}, "vad_model"),
    ],
)
async def test_what_an_engine_cannot_do_names_the_field(
    backend: type[Backend], changes: dict[str, Any], field: str, config: LocalConfig, racing: Make
) -> None:
    model = "tiny" if backend is FasterWhisper else "tiny.en"
    lane = racing(backend, config, **params(model, **changes))
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert [one.path for one in readiness.fields] == [field]


async def test_an_english_model_knows_no_other_language(config: LocalConfig, racing: Make) -> None:
    lane = racing(WhisperCpp, config, **params("tiny.en", language="de"))
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert readiness.category is Category.WRONG_LANGUAGE
    assert "Use tiny" in readiness.problems[0].remedy


async def test_an_unknown_arithmetic_lists_what_there_is(config: LocalConfig, racing: Make) -> None:
    lane = racing(FasterWhisper, config, **params("tiny", compute_type="int8_float16"))
    with pytest.raises(BenchraceError) as caught:
        await lane.open()
    assert caught.value.category is Category.UNSUPPORTED_HARDWARE
    assert "float32" in caught.value.remedy


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


async def test_a_lane_without_a_model_lists_them(config: LocalConfig, racing: Make) -> None:
    lane = racing(FasterWhisper, config, **params(""))
    with pytest.raises(BenchraceError, match="it has tiny") as caught:
        await lane.open()
    assert not isinstance(caught.value, InvalidInput)
