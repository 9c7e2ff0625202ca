"""Where whisper.cpp's models are: the folder of models, and that of pywhispercpp."""

from pathlib import Path

from benchrace_whisper.models import ModelFiles
from benchrace_whisper.pull import Source

_MAGIC = b"lmgg"

_REPOSITORY = "ggerganov/whisper.cpp"
_SIZES = "tiny base small medium"
_NAMES = (
    *(
        f"{size}{language}{quantization}"
        for size in _SIZES.split()
        for language in ("", ".en")
        for quantization in ("", "-q5_0" if size == "medium" else "-q5_1", "-q8_0")
    ),
    *("large-v1", "large-v2", "large-v2-q5_0", "large-v2-q8_0", "large-v3", "large-v3-q5_0"),
    *("large-v3-turbo", "large-v3-turbo-q5_0", "large-v3-turbo-q8_0"),
)
# What can be pulled: the models that whisper.cpp's authors publish.
SOURCES = {name: Source(_REPOSITORY, (f"ggml-{name}.bin",)) for name in _NAMES}


def find_models(folder: Path) -> dict[str, ModelFiles]:
    """Return the models by name: `ggml-tiny.en.bin` is `tiny.en`. `folder` takes precedence."""
    files: dict[str, ModelFiles] = {}
    for place in (_library(), folder):
        if place.is_dir():
            for path in sorted(place.glob("*.bin")):
                if _is_model(path):
                    name = path.name.removesuffix(".bin").removeprefix("ggml-")
                    files[name] = ModelFiles(path, path)
    return files


def find_vad(folder: Path) -> dict[str, Path]:
    """Return the models of the VAD by name."""
    places = (_library(), folder)
    return {
        path.name.removesuffix(".bin").removeprefix("ggml-"): path
        for place in places
        for path in sorted(place.glob("*silero*.bin"))
    }


def _library() -> Path:
    import platformdirs

    return platformdirs.user_data_path("pywhispercpp") / "models"


def _is_model(path: Path) -> bool:
    """Check for ggml's magic number; the VAD's models have it, too."""
    if "silero" in path.name:
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False
