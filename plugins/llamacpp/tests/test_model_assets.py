"""GGUF files come from the machine's store of assets into its first folder of models."""

from pathlib import Path

import pytest

from benchrace.assets import library as store_library
from benchrace.assets.sources.share import ShareSource
from benchrace.assets.store import AssetStore
from benchrace.plugin import Asset, AssetKind, BenchraceError, Category
from benchrace.testing import RecordingContext
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.models.library import Library

pytestmark = pytest.mark.anyio
DATA = b"GGUF" + b"weights" * 1000


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "share").mkdir()
    (tmp_path / "share/file").write_bytes(DATA)
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def model_bytes(models: Path, name: str) -> bytes:
    return Path(Library((str(models),), {}).find(name).path).read_bytes()


def names(models: Path) -> list[str]:
    return sorted(file.name for file in models.iterdir())


def gguf(name: str = "llama-q4.gguf", kind: AssetKind = AssetKind.GGUF) -> Asset:
    return Asset(name=name, url="share:file", kind=kind)


async def sync(models: Path, *assets: Asset, folders: bool = True) -> list[tuple[str, str]]:
    context = RecordingContext()
    context.library = store_library.Library(
        AssetStore(models.parent / "assets"),
        lambda url: ShareSource(url, str(models.parent / "share")),
        store_library.Report(context.progress, context.log),
    )
    backend = LlamaCpp(LlamaCppConfig(models=(str(models),) if folders else ()))
    try:
        await backend.sync(assets, context)
    finally:
        await context.aclose()
    return context.logs


async def test_a_file_that_was_fetched_is_a_model(models: Path) -> None:
    logs = await sync(models, gguf())
    assert logs[-1] == ("info", f"llama-q4.gguf is in {models} (symlink)")
    assert model_bytes(models, "llama-q4") == DATA


@pytest.mark.parametrize(
    "wrong", [gguf("llama.safetensors"), gguf(kind=AssetKind.LORA)], ids=["name", "kind"]
)
async def test_other_files_are_refused_and_the_next_one_comes(models: Path, wrong: Asset) -> None:
    with pytest.raises(BenchraceError) as raised:
        await sync(models, wrong, gguf("right.gguf"))
    assert raised.value.category is Category.VALIDATION
    assert names(models) == ["right.gguf"]


async def test_what_is_missing_is_named_with_its_remedy(models: Path) -> None:
    with pytest.raises(BenchraceError) as raised:
        await sync(models)
    assert raised.value.category is Category.MISSING_ASSET
    with pytest.raises(BenchraceError) as raised:
        await sync(models, gguf(), folders=False)
    assert raised.value.remedy == "Set `models` in the table `llamacpp` of agent.yaml."
