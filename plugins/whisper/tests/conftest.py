"""Models with random weights, folders of audio, and lanes that race on them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin import Backend, Config, Lane, SpeechRecord
from benchrace.testing import RecordingContext
from benchrace.worker.params import convert
from benchrace_whisper.audio.folders import VARIABLE
from benchrace_whisper.config import MODELS_VARIABLE, LocalConfig
from benchrace_whisper.server.config import KEY_VARIABLE, URL_VARIABLE

from . import sounds
from .models import ct2, ggml


@pytest.fixture(autouse=True)
def nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests away from models and servers of this computer's user."""
    for name in (VARIABLE, MODELS_VARIABLE, URL_VARIABLE, KEY_VARIABLE, "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `tiny` for CTranslate2 and `tiny.en` for whisper.cpp."""
    folder = tmp_path_factory.mktemp("models")
    ct2.write(folder / "tiny")
    ggml.write(folder / "ggml-tiny.en.bin")
    return folder


@pytest.fixture(scope="session")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `two.wav` of 2 s, and `long.wav` of a minute and a half."""
    folder = tmp_path_factory.mktemp("audio").resolve()
    sounds.write(folder / "two.wav", sounds.tones(2))
    sounds.write(folder / "long.wav", sounds.tones(90))
    return folder


@pytest.fixture
def config(models: Path, audio: Path) -> LocalConfig:
    """Return the settings of a machine with these models and recordings."""
    return LocalConfig(audio_folders=(str(audio),), models_folder=str(models))


@dataclass
class Racing:
    """A backend with a lane, and the context of its rounds."""

    backend: Backend
    lane: Lane[Any]
    context: RecordingContext

    async def round(self) -> SpeechRecord:
        self.context.begin()
        record = await self.backend.round(self.lane, self.context)
        assert isinstance(record, SpeechRecord)
        return record

    async def open(self) -> None:
        await self.backend.open(self.lane, self.context)

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.context.verdict.reasons]

    def figures(self, record: SpeechRecord) -> dict[str, float | None]:
        """Return the metrics of a round by name."""
        kind = self.backend.workloads[0].kind
        return {one.metric: one.value for one in kind.derive(record, self.lane.params)}


@pytest.fixture
async def racing() -> AsyncIterator[Callable[..., Racing]]:
    """Make a lane; open it yourself, it is closed at the end."""
    lanes: list[Racing] = []

    def make(backend: type[Backend], config: Config, **params: Any) -> Racing:
        workload = backend.workloads[0]
        converted, fields = convert(params, workload)
        assert converted is not None, fields
        context = RecordingContext([metric.name for metric in workload.kind.metrics])
        lane = Lane(lane_id="l", label="l", kind=workload.kind.name, params=converted)
        lanes.append(Racing(backend(config), lane, context))
        return lanes[-1]

    yield make
    for one in lanes:
        await one.backend.close(one.lane, one.context)
        await one.context.aclose()
