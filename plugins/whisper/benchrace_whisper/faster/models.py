"""Where CTranslate2's models are: the folder of models, and the cache of Hugging Face."""

import os
from collections.abc import Mapping
from pathlib import Path

from benchrace_whisper.models import ModelFiles
from benchrace_whisper.pull import Source

_WEIGHTS = "model.bin"
# Names of the library for models of this publisher.
_PUBLISHER = "Systran/faster-whisper-"

_SIZES = "tiny base small medium"
_SYSTRAN = (
    *(name for size in _SIZES.split() for name in (size, f"{size}.en")),
    *("large-v1", "large-v2", "large-v3"),
)
# What a pull takes of a repository, whatever else is in it.
PULLED = ("config.json", "preprocessor_config.json", _WEIGHTS, "tokenizer.json", "vocabulary.*")
# What lanes fetch, the weights last: a folder with them is a model.
# Conversions by newer versions name the vocabulary otherwise.
_FILES = ("config.json", "tokenizer.json", "vocabulary.txt|vocabulary.json", _WEIGHTS)
_FILES_V3 = (
    *("config.json", "preprocessor_config.json", "tokenizer.json", "vocabulary.json"),
    _WEIGHTS,
)
# What can be pulled: the models that the library itself downloads by these names.
SOURCES = {
    name: Source(f"{_PUBLISHER}{name}", _FILES_V3 if name == "large-v3" else _FILES)
    for name in _SYSTRAN
} | {"large-v3-turbo": Source("mobiuslabsgmbh/faster-whisper-large-v3-turbo", _FILES_V3)}


def find_models(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, ModelFiles]:
    """Return the models by name; those in the folder take precedence."""
    files = {name: ModelFiles(path, path / _WEIGHTS) for name, path in _cached(_cache(environ))}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and (path / _WEIGHTS).is_file():
                files[path.name.removeprefix("faster-whisper-")] = ModelFiles(path, path / _WEIGHTS)
    return files


def _cache(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get("HF_HUB_CACHE"):
        return Path(chosen).expanduser()
    home = environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(home).expanduser() / "hub"


def _cached(cache: Path) -> list[tuple[str, Path]]:
    """Return name and folder of each Whisper model in the cache, the newest snapshot of each."""
    models = []
    for weights in sorted(
        cache.glob(f"models--*/snapshots/*/{_WEIGHTS}"), key=lambda path: path.lstat().st_mtime
    ):
        # Other models have such a file, too; only speech has a vocabulary beside it.
        if not any(weights.parent.glob("vocabulary.*")):
            continue
        repository = weights.parents[2].name.removeprefix("models--").replace("--", "/", 1)
        models.append((repository.removeprefix(_PUBLISHER), weights.parent))
    return models
