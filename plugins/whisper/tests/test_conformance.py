"""The contract of backends, on real engines with random weights and on a stand-in server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchrace.plugin import Backend, Config
from benchrace.testing.contract import BackendContract
from benchrace.testing.limits import HANG_S
from benchrace_whisper.config import LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper
from benchrace_whisper.server.backend import TranscriptionServer
from benchrace_whisper.server.config import ServerConfig

from .stand_in import StandIn

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whisper")]

SHORT = {"audio": "two.wav", "beam": 1, "threads": 1, "device": "cpu"}
# A window of a random model takes as long as this machine is busy.
_PATIENT_S = HANG_S


class Local(BackendContract):
    cancel_within_s: ClassVar[float] = _PATIENT_S
    config: ClassVar[Config | None] = None

    @pytest.fixture(autouse=True)
    def folders(self, models: Path, audio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        config = LocalConfig(audio_folders=(str(audio),), models_folder=str(models))
        monkeypatch.setattr(type(self), "config", config)


class TestFasterWhisper(Local):
    backend: ClassVar[type[Backend]] = FasterWhisper
    params: ClassVar[dict[str, Any]] = {**SHORT, "model": "tiny", "language": "en"}
    # A beam makes a round last longer than the contract waits, on a fast machine as well.
    long_params: ClassVar[dict[str, Any]] = {**params, "audio": "long.wav", "beam": 8}


class TestWhisperCpp(Local):
    backend: ClassVar[type[Backend]] = WhisperCpp
    params: ClassVar[dict[str, Any]] = {**SHORT, "model": "tiny.en"}
    long_params: ClassVar[dict[str, Any]] = {**params, "audio": "long.wav"}


class TestServer(BackendContract):
    backend: ClassVar[type[Backend]] = TranscriptionServer
    params: ClassVar[dict[str, Any]] = {"audio": "two.wav", "model": "whisper-1"}
    long_params: ClassVar[dict[str, Any]] = {**params, "audio": "long.wav"}
    config: ClassVar[Config | None] = None

    @pytest.fixture(autouse=True)
    def folders(self, audio: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        # The long file is never answered.
        with StandIn(longest_s=60) as server:
            config = ServerConfig(audio_folders=(str(audio),), base_url=server.url)
            monkeypatch.setattr(type(self), "config", config)
            yield
