"""What is missing, damaged or impossible: each is found before a round, in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin import Backend, BenchraceError, Category, InvalidInput
from benchrace_whisper import installed
from benchrace_whisper.config import LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper

from . import sounds
from .conftest import Racing
from .engines import both, params

# Its models are made once for each process of the tests.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whisper")]

Make = Callable[..., Racing]


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


async def test_a_lane_without_a_model_lists_them(config: LocalConfig, racing: Make) -> None:
    lane = racing(FasterWhisper, config, **params(""))
    with pytest.raises(BenchraceError, match="it has tiny") as caught:
        await lane.open()
    assert not isinstance(caught.value, InvalidInput)
