"""Folders of audio and models: the backends' tables of `agent.yaml`, and their variables."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from benchrace.plugin import Config, FieldError, InvalidInput, Meta
from benchrace_whisper.audio.folders import VARIABLE

MODELS_VARIABLE = "WHISPER_MODELS"
NEVER, HUB = "never", "hub"


class KeepAudio(StrEnum):
    """Which recordings are stored with a run, where the page can play them."""

    SAMPLES = "samples"
    ALL = "all"
    NONE = "none"


class SpeechConfig(Config, frozen=True, kw_only=True):
    """What every backend takes."""

    audio_folders: Annotated[
        tuple[str, ...],
        Meta(
            title="Audio folders",
            description="Lanes may name files below them; default: whisper/audio in the data.",
        ),
    ] = ()
    keep_audio: Annotated[
        KeepAudio,
        Meta(
            title="Keep audio",
            description="Recordings that are sent to central with a run, to be played there.",
        ),
    ] = KeepAudio.SAMPLES


class LocalConfig(SpeechConfig, frozen=True, kw_only=True):
    """What backends take that load models themselves."""

    models_folder: Annotated[
        str | None,
        Meta(
            title="Models",
            description="Folder of the models; default: whisper/models in the data.",
        ),
    ] = None
    fetch_models: Annotated[
        str,
        Meta(
            title="Fetch models",
            description=(
                "Where a lane gets a model that the machine lacks: never, hub (Hugging Face), or "
                "the address of a folder with them, such as s3://bucket/whisper."
            ),
            pattern=r"^(never|hub|(https?|s3)://\S+|share:\S+)$",
        ),
    ] = NEVER


def audio_folders(config: Config | None, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the folders of audio files; `WHISPER_AUDIO` adds its own, separated as in PATH."""
    named = config.audio_folders if isinstance(config, SpeechConfig) else ()
    added = [name for name in environ.get(VARIABLE, "").split(os.pathsep) if name.strip()]
    folders = [_absolute(name, "audio_folders") for name in (*added, *named)]
    return folders or [_data() / "audio"]


def keep_audio(config: Config | None) -> KeepAudio:
    """Return which recordings may leave the machine."""
    return config.keep_audio if isinstance(config, SpeechConfig) else KeepAudio.SAMPLES


def models_folder(config: Config | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of models; `WHISPER_MODELS` takes precedence."""
    named = config.models_folder if isinstance(config, LocalConfig) else None
    chosen = environ.get(MODELS_VARIABLE, "").strip() or named
    return _data() / "models" if not chosen else _absolute(chosen, "models_folder")


def fetch_models(config: Config | None) -> str:
    """Return where lanes get models that are missing."""
    return config.fetch_models if isinstance(config, LocalConfig) else NEVER


def _absolute(name: str, key: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_absolute():
        message = f"{name!r:.200} is not an absolute path"
        raise InvalidInput(FieldError(key, message), "Write the whole path, from / or ~ on.")
    return path


def _data() -> Path:
    import platformdirs

    return platformdirs.user_data_path("benchrace") / "whisper"
