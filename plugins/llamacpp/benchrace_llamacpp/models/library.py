"""The models of this machine: files by their path, in folders, and in Ollama's store."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from benchrace.plugin import BenchraceError, Category
from benchrace_llamacpp.models.model_file import ModelFile, expanded
from benchrace_llamacpp.models.ollama_store import ollama_models

_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")
# Of one folder.
_MAX_FILES = 2000
_SHOWN = 10


class Library:
    """Finds models by their names; methods block."""

    def __init__(self, folders: tuple[str, ...], environ: Mapping[str, str]) -> None:
        self._folders = tuple(expanded(folder) for folder in folders)
        self._environ = environ

    def models(self) -> tuple[ModelFile, ...]:
        """Return all models; of several with one name the first, in the order of the folders."""
        models: dict[str, ModelFile] = {}
        for model in (*self._in_folders(), *ollama_models(self._environ)):
            models.setdefault(model.name, model)
        return tuple(models.values())

    def find(self, name: str) -> ModelFile:
        """Return the model of a name or a path; raises `missing_model` with near names."""
        path = expanded(name)
        if name.startswith("~") and not path.is_absolute():
            text = f"file not found: the home of {name!r:.200} is unknown"
            raise BenchraceError(Category.MISSING_MODEL, text, _remedy())
        if path.is_absolute():
            if path.is_file():
                return ModelFile(name=name, path=str(path))
            raise BenchraceError(Category.MISSING_MODEL, f"file not found: {path}", _remedy())
        models = self.models()
        for model in models:
            if name and name in _names(model):
                return model
        if not name and len(models) == 1:
            return models[0]
        raise _unknown(name, [model.name for model in models])

    def _in_folders(self) -> Iterator[ModelFile]:
        for folder in self._folders:
            yield from islice(_files(folder), _MAX_FILES)


def _files(folder: Path) -> Iterator[ModelFile]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            stem = name.removesuffix(".gguf")
            # Image projectors are not language models.
            if stem == name or _LATER_SHARD.search(stem) or "mmproj" in stem.lower():
                continue
            path = Path(parent) / name
            shown = path.relative_to(folder).as_posix().removesuffix(".gguf")
            yield ModelFile(name=shown, path=str(path))


def _names(model: ModelFile) -> tuple[str, ...]:
    """Return how a lane may call a model: with or without its ending or its default tag."""
    return model.name, f"{model.name}.gguf", model.name.removesuffix(":latest")


def _unknown(name: str, names: list[str]) -> BenchraceError:
    if not names:
        text = "this machine has no GGUF files where benchrace looks for them"
        return BenchraceError(Category.MISSING_MODEL, text, _remedy())
    if not name:
        text = f"choose one of the {len(names)} models: {_listed(names)}"
        return BenchraceError(Category.MISSING_MODEL, text, _remedy())
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.4)
    hint = f"near names: {', '.join(near)}" if near else f"models: {_listed(names)}"
    return BenchraceError(Category.MISSING_MODEL, f"unknown model {name!r}; {hint}", _remedy())


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _remedy() -> str:
    return (
        "Give the path of a GGUF file, set the folder `models` in the table `llamacpp` of "
        "agent.yaml, or pull a model with Ollama."
    )
