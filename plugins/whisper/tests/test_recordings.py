"""Sets of recordings, and which of them are stored with a run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchrace.plugin import Backend, InvalidInput
from benchrace_whisper.audio.audio_set import Clip
from benchrace_whisper.audio.folders import sample
from benchrace_whisper.config import KeepAudio, LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.lane import Keeping

from . import sounds
from .conftest import Racing
from .engines import both, params

# Its models are made once for each process of the tests.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whisper")]

Make = Callable[..., Racing]


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
