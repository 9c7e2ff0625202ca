"""Files come into ComfyUI's folders, and count once it lists them."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from benchrace.assets.library import Library, Report
from benchrace.assets.sources.share import ShareSource
from benchrace.assets.store import AssetStore
from benchrace.plugin import Asset, AssetKind, BenchraceError, Category
from benchrace.testing import RecordingContext
from benchrace_comfyui import assets as module
from benchrace_comfyui.backend import Comfy
from benchrace_comfyui.config import ComfyConfig

pytestmark = pytest.mark.anyio
DATA = b"weights" * 1000


class Server:
    """ComfyUI's lists of files, in both forms, of what is in its folders."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.away = False
        self.hides = ""

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        name = unquote(request.url.path).rpartition("/")[2]
        location = next((one for one in module.LOCATIONS.values() if one.node == name), None)
        if location is None or location.name is None or name == "UnetLoaderGGUF":
            return httpx.Response(200, json={})
        files = sorted((self.base / location.folder).iterdir())
        listed = [file.name for file in files if not (file.is_symlink() and self.hides)]
        part = [listed] if name == "VAELoader" else ["COMBO", {"options": listed}]
        info = {name: {"input": {"required": {location.name: part}}}}
        return httpx.Response(200, text=json.dumps(info))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("models", "input", "user/default"):
        (tmp_path / "ComfyUI" / name).mkdir(parents=True)
    (tmp_path / "share").mkdir()
    (tmp_path / "share/file").write_bytes(DATA)
    return tmp_path / "ComfyUI"


@pytest.fixture
def server(base: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(module, "_POLL_S", 0)
    return Server(base)


async def sync(server: Server, *assets: Asset, folder: bool = True) -> list[tuple[str, str]]:
    context = RecordingContext(transport=httpx.MockTransport(server.answer))
    root = server.base.parent
    context.library = Library(
        AssetStore(root / "assets"),
        lambda url: ShareSource(url, str(root / "share")),
        Report(context.progress, context.log),
    )
    backend = Comfy(ComfyConfig(folder=str(server.base) if folder else None))
    try:
        await backend.sync(assets, context)
    finally:
        await context.aclose()
    return context.logs


def asset(name: str = "a.safetensors", **fields: object) -> Asset:
    return Asset(**{"name": name, "url": "share:file", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "folder", "listed"),
    [
        (AssetKind.CHECKPOINT, "models/checkpoints", True),
        (AssetKind.LORA, "models/loras", True),
        (AssetKind.VAE, "models/vae", True),
        (AssetKind.AUDIO, "input", True),
        (AssetKind.GGUF, "models/unet", False),
        (AssetKind.WORKFLOW, "user/default/workflows", False),
    ],
)
async def test_each_kind_has_its_folder(
    server: Server, kind: AssetKind, folder: str, listed: bool
) -> None:
    logs = await sync(server, asset(kind=kind))
    assert (server.base / folder / "a.safetensors").read_bytes() == DATA
    unknown = "" if listed else "; ComfyUI cannot be asked whether it lists it"
    assert logs[-1] == ("info", f"a.safetensors is in {folder} (symlink){unknown}")


async def test_a_link_that_it_does_not_list_becomes_another(server: Server) -> None:
    server.hides = "symlinks"
    logs = await sync(server, asset())
    assert logs[-1][1].endswith("(hard link)")


async def test_a_comfyui_that_is_away_is_not_waited_for(server: Server) -> None:
    server.away = True
    logs = await sync(server, asset())
    assert "cannot be asked" in logs[-1][1]


async def test_one_failure_does_not_keep_the_others_away(server: Server) -> None:
    wrong = asset("wrong.safetensors", sha256=hashlib.sha256(b"").hexdigest())
    with pytest.raises(BenchraceError) as raised:
        await sync(server, wrong, asset("right.safetensors"))
    assert raised.value.category is Category.BAD_OUTPUT
    files = sorted((server.base / "models/checkpoints").iterdir())
    assert [file.name for file in files] == ["right.safetensors"]


async def test_what_is_missing_is_said_with_its_remedy(server: Server) -> None:
    with pytest.raises(BenchraceError) as raised:
        await sync(server)
    assert raised.value.category is Category.MISSING_ASSET
    with pytest.raises(BenchraceError) as raised:
        await sync(server, asset(), folder=False)
    assert raised.value.remedy == "Set comfyui.folder in agent.yaml."
