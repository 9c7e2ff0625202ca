"""Models in a folder by their names, and what a lane gets for a name."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from benchrace.plugin import BenchraceError, Category, Model, Problem
from benchrace_whisper.config import NEVER

_SHOWN = 12


class ModelFiles(NamedTuple):
    """A model on this machine: `path` is what the engine loads, `weights` its largest file."""

    path: Path
    weights: Path


def is_missing(name: str, models: Mapping[str, ModelFiles], sources: Collection[str]) -> bool:
    """Check whether a model is not on this machine, and it is known where its files are."""
    return name not in models and name in sources


def choose(
    name: str, models: Mapping[str, ModelFiles], folder: Path, backend: str, where: str
) -> ModelFiles:
    """Return the model of this name; raises `validation` or `missing_model`.

    `where` is the setting `fetch_models`.
    """
    if name in models:
        return models[name]
    listed = ", ".join(sorted(models)[:_SHOWN])
    there = f"it has {listed}" if listed else "no models are installed"
    if not name:
        text, category = f"name a model of this machine: {there}", Category.VALIDATION
    else:
        text, category = f"unknown model {name!r:.200}: {there}", Category.MISSING_MODEL
    raise BenchraceError(category, text, _remedy(folder, backend, where))


def listed(models: Mapping[str, ModelFiles]) -> tuple[Model, ...]:
    """Return models as a probe reports them."""
    return tuple(
        Model(name=name, size=files.weights.stat().st_size)
        for name, files in sorted(models.items())
    )


def none_found(folder: Path, backend: str, where: str) -> Problem:
    """Return the problem of a machine without models; `where` is the setting `fetch_models`."""
    return Problem(message=f"no model found in {folder}", remedy=_remedy(folder, backend, where))


def _remedy(folder: Path, backend: str, where: str) -> str:
    pull = f"benchrace models pull tiny.en --backend {backend}"
    ways = [f"Copy one into {folder}", "set `fetch_models`"][: 2 if where == NEVER else 1]
    return f"{', '.join(ways)}, or pull one, such as: {pull}"


def digest(files: ModelFiles) -> str:
    """Return the SHA-256 of the weights. Blocks."""
    with files.weights.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
