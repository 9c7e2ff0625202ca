"""Find models in Ollama's store, whose GGUF files are blobs that manifests name."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from benchrace_llamacpp.models.model_file import ModelFile, expanded

_VARIABLE = "OLLAMA_MODELS"
# Where the installer for Linux puts it, for a service of its own user.
_SERVICE = Path("/usr/share/ollama/.ollama/models")
_WEIGHTS = "application/vnd.ollama.image.model"
_LIBRARY = "library"
_DIGEST = re.compile(r"sha256[:-][0-9a-f]{64}")
_MAX_MANIFEST = 1 << 20
# host/namespace/model/tag
_MANIFEST_PARTS = 4


class _Layer(msgspec.Struct, frozen=True):
    mediaType: str = ""  # noqa: N815 - as the file has it
    digest: str = ""
    size: int | None = None


class _Manifest(msgspec.Struct, frozen=True):
    layers: tuple[_Layer, ...] = ()


def stores(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that may be Ollama's store."""
    if named := environ.get(_VARIABLE, "").strip():
        return (expanded(named),)
    home = environ.get("HOME", "")
    own = (Path(home) / ".ollama/models",) if home else ()
    return (*own, _SERVICE)


def ollama_models(environ: Mapping[str, str]) -> Iterator[ModelFile]:
    """Yield the models of Ollama's store, by their names there. Blocks."""
    for store in stores(environ):
        for manifest in _manifests(store / "manifests"):
            if (model := _model(store, manifest)) is not None:
                yield model


def _manifests(folder: Path) -> Iterator[Path]:
    # A store of another user cannot be listed, which is not an error here.
    for parent, _, names in os.walk(folder):
        yield from (Path(parent) / name for name in sorted(names) if not name.startswith("."))


def _model(store: Path, manifest: Path) -> ModelFile | None:
    parts = manifest.relative_to(store / "manifests").parts
    if len(parts) != _MANIFEST_PARTS:
        return None
    host, namespace, model, tag = parts
    try:
        info = manifest.stat()
        layer = _weights(manifest, info.st_mtime_ns, info.st_size)
    except OSError:
        return None
    if layer is None:
        return None
    blob = store / "blobs" / layer.digest.replace(":", "-")
    if not blob.is_file():
        return None
    # Names of the standard library go without host and namespace, as Ollama itself prints them.
    prefix = "" if namespace == _LIBRARY else f"{namespace}/"
    if not host.startswith("registry."):
        prefix = f"{host}/{namespace}/"
    return ModelFile(name=f"{prefix}{model}:{tag}", path=str(blob), digest=layer.digest)


@lru_cache(maxsize=4096)
def _weights(manifest: Path, changed_ns: int, size: int) -> _Layer | None:
    """Return the layer of the weights; a manifest is read again once it has changed."""
    if size > _MAX_MANIFEST:
        return None
    data: Any = manifest.read_bytes()
    try:
        layers = msgspec.json.decode(data, type=_Manifest).layers
    except msgspec.MsgspecError:
        return None
    # A digest is part of a path: nothing but one is accepted.
    named = (layer for layer in layers if layer.mediaType == _WEIGHTS)
    return next((layer for layer in named if _DIGEST.fullmatch(layer.digest)), None)
