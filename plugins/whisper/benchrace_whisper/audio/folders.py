"""Which files a lane may name: samples that come along, and those in the machine's folders."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from benchrace.plugin import BenchraceError, Category, FieldError, InvalidInput

VARIABLE = "WHISPER_AUDIO"
SAMPLES = ("sample-10s", "sample-40s")


def sample(name: str) -> Path:
    """Return the path of a sample by its name."""
    return Path(str(files("benchrace_whisper") / "samples" / f"{name}.opus"))


def is_sample(path: Path) -> bool:
    """Check whether a file is one of the samples."""
    return path in [sample(name) for name in SAMPLES]


def is_inside(path: Path, folders: Sequence[Path]) -> bool:
    """Check whether a path is below one of the folders, wherever its links lead."""
    resolved = path.resolve()
    return any(_below(resolved, folder) for folder in folders)


def find(name: str, folders: Sequence[Path], *, base: Path | None = None) -> Path:
    """Return the path that a lane or a manifest names, below one of the folders.

    `base` is where relative names begin, for those in a manifest. Raises `validation` for a path
    outside, and `missing_asset`.
    """
    if name in SAMPLES and base is None:
        return sample(name)
    begins = [base] if base is not None else list(folders)
    candidates = _candidates(name, begins)
    inside = [path for path in candidates if any(_below(path, folder) for folder in folders)]
    if not inside:
        raise InvalidInput(FieldError("audio", _outside(name, folders)), _REMEDY)
    existing = next((path for path in inside if path.exists()), None)
    if existing is None:
        shown = ", ".join(map(str, begins))
        text = f"{name!r:.200} not found in {shown}"
        samples = f"Copy it there, or use a sample: {', '.join(SAMPLES)}."
        raise BenchraceError(Category.MISSING_ASSET, text, samples)
    return existing


def _candidates(name: str, folders: Sequence[Path]) -> list[Path]:
    try:
        # Links are followed, so that none leads out of a folder.
        return [(folder / Path(name).expanduser()).resolve() for folder in folders]
    except (OSError, ValueError, RuntimeError):
        return []


def _below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def _outside(name: str, folders: Sequence[Path]) -> str:
    return f"{name!r:.200} is outside of the audio folders ({', '.join(map(str, folders))})"


_REMEDY = (
    "Copy the file there, or allow its folder on that machine: audio_folders in the backend's "
    f"table of agent.yaml, or {VARIABLE} in the agent's environment."
)
