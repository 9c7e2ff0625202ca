"""Models by path, in folders and in Ollama's store, and near names of one that is not there."""

import json
import os
from pathlib import Path

import pytest

from benchrace.plugin import BenchraceError, Category
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.plan import plan_of
from benchrace_llamacpp.models import library as library_module
from benchrace_llamacpp.models.library import Library

from .harness import lane

GGUF = b"GGUF" + bytes(20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "gguf"
    (folder / "sub").mkdir(parents=True)
    for name in ("llama-70b-q4", "sub/tiny-f16", "big-00001-of-00002", "big-00002-of-00002"):
        (folder / f"{name}.gguf").write_bytes(GGUF)
    (folder / "mmproj-vision.gguf").write_bytes(GGUF)
    (folder / "notes.txt").write_text("x")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store of Ollama with a library model, one of a user, and one without its blob."""
    store = tmp_path / "ollama"
    add(store, "registry.example", "library", "llama3.2", "3b", "a" * 64)
    add(store, "registry.example", "someone", "tuned", "latest", "b" * 64)
    add(store, "hub.example", "org", "model", "q4", "c" * 64)
    add(store, "registry.example", "library", "gone", "1b", "d" * 64, blob=False)
    return store


def add(
    store: Path, host: str, namespace: str, model: str, tag: str, digest: str, *, blob: bool = True
) -> None:
    manifest = store / "manifests" / host / namespace / model / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": f"sha256:{'0' * 64}"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    (store / "blobs").mkdir(exist_ok=True)
    if blob:
        (store / "blobs" / f"sha256-{digest}").write_bytes(GGUF)


def library(*folders: Path, store: Path | None = None) -> Library:
    return Library(tuple(map(str, folders)), {"OLLAMA_MODELS": str(store or "/nothing")})


def test_folders_list_models_and_not_their_other_parts(folder: Path) -> None:
    names = [model.name for model in library(folder).models()]
    assert sorted(names) == ["big-00001-of-00002", "llama-70b-q4", "sub/tiny-f16"]


@pytest.mark.parametrize("name", ["sub/tiny-f16", "sub/tiny-f16.gguf"])
def test_a_model_by_its_name(folder: Path, name: str) -> None:
    assert library(folder).find(name).path == str(folder / "sub/tiny-f16.gguf")


def test_a_model_by_its_path(folder: Path) -> None:
    path = str(folder / "llama-70b-q4.gguf")
    assert library().find(path).path == path
    with pytest.raises(BenchraceError, match="file not found: /nothing/x"):
        library().find("/nothing/x.gguf")


def test_models_of_ollama_by_its_own_names(store: Path) -> None:
    models = {model.name: model for model in library(store=store).models()}
    assert sorted(models) == ["hub.example/org/model:q4", "llama3.2:3b", "someone/tuned:latest"]
    assert models["llama3.2:3b"].digest == f"sha256:{'a' * 64}"
    assert models["llama3.2:3b"].path == str(store / "blobs" / f"sha256-{'a' * 64}")
    assert library(store=store).find("someone/tuned").name == "someone/tuned:latest"


def test_a_model_that_was_pulled_again_is_read_again(store: Path) -> None:
    models = library(store=store)
    assert models.find("llama3.2:3b").digest == f"sha256:{'a' * 64}"
    add(store, "registry.example", "library", "llama3.2", "3b", "e" * 64)
    os.utime(store / "manifests/registry.example/library/llama3.2/3b", (1, 1))
    assert models.find("llama3.2:3b").digest != f"sha256:{'a' * 64}"


def test_an_unknown_model_lists_near_names(folder: Path, store: Path) -> None:
    with pytest.raises(BenchraceError) as raised:
        library(folder, store=store).find("llama-70b-q8")
    assert raised.value.category is Category.MISSING_MODEL
    assert "unknown model 'llama-70b-q8'; near names: llama-70b-q4" in raised.value.message
    with pytest.raises(BenchraceError, match="models: "):
        library(folder).find("zzz")
    with pytest.raises(BenchraceError, match="choose one of the 3 models"):
        library(folder).find("")
    with pytest.raises(BenchraceError) as nothing:
        library().find("x")
    assert "no GGUF files" in nothing.value.message
    assert "`models` in the table `llamacpp`" in nothing.value.remedy


def test_the_only_model_needs_no_name(folder: Path) -> None:
    assert library(folder / "sub").find("").name == "tiny-f16"


def test_odd_manifests_are_skipped(store: Path) -> None:
    odd = store / "manifests/registry.example/library/odd"
    odd.mkdir()
    (odd / "a").write_text("{")
    (odd / "b").write_text('{"layers": 3}')
    (store / "manifests/stray").write_text("x")
    assert len(library(store=store).models()) == 3


@pytest.mark.parametrize(
    "digest", ["../../etc/passwd", "sha256:../x", "sha256:" + "A" * 64, "sha256:" + "a" * 65]
)
def test_what_is_no_digest_is_no_path(store: Path, digest: str) -> None:
    manifest = store / "manifests/registry.example/library/bad/1b"
    manifest.parent.mkdir()
    layers = [{"mediaType": "application/vnd.ollama.image.model", "digest": digest}]
    manifest.write_text(json.dumps({"layers": layers}))
    (store / "blobs" / digest.replace(":", "-")).parent.mkdir(parents=True, exist_ok=True)
    (store / "blobs" / digest.replace(":", "-")).write_bytes(GGUF)
    assert len(library(store=store).models()) == 3


def test_the_home_of_an_unknown_user(tmp_path: Path) -> None:
    with pytest.raises(BenchraceError, match=r"the home of '~nosuchuser/x\.gguf' is unknown"):
        library().find("~nosuchuser/x.gguf")
    models = Library(("~nosuchuser/gguf",), {"OLLAMA_MODELS": "~nosuchuser/ollama"})
    assert models.models() == ()


def test_a_folder_with_too_many_files_hides_no_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "_MAX_FILES", 2)
    other = tmp_path / "other"
    other.mkdir()
    (other / "last.gguf").write_bytes(GGUF)
    names = [model.name for model in library(folder, other).models()]
    assert names == ["big-00001-of-00002", "llama-70b-q4", "last"]


def test_the_size_of_a_model_is_that_of_all_its_parts(folder: Path) -> None:
    config = LlamaCppConfig(models=(str(folder),))
    model = library(folder).find("big-00001-of-00002")
    racing = lane(model=model.name)
    plan = plan_of(racing, config, "llama-server", model, ())
    assert plan.size == 2 * len(GGUF)
    (folder / "big-00002-of-00002.gguf").write_bytes(GGUF + b"x")
    assert plan_of(racing, config, "llama-server", model, ()).key != plan.key
