"""Files for ComfyUI: in which of its folders they belong, and when it lists them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import anyio

from benchrace.plugin import (
    Asset,
    AssetKind,
    BenchraceError,
    Category,
    Context,
    FieldError,
    InvalidInput,
    place_all,
)
from benchrace_comfyui.graph.object_info import ObjectInfo


class Location(NamedTuple):
    """A folder below ComfyUI's own; `node` and `name` are an input that lists what is in it."""

    folder: str
    node: str | None = None
    name: str | None = None


LOCATIONS = {
    AssetKind.CHECKPOINT: Location("models/checkpoints", "CheckpointLoaderSimple", "ckpt_name"),
    AssetKind.LORA: Location("models/loras", "LoraLoader", "lora_name"),
    AssetKind.VAE: Location("models/vae", "VAELoader", "vae_name"),
    # The extension that loads quantised models; the folder is ComfyUI's older name for these.
    AssetKind.GGUF: Location("models/unet", "UnetLoaderGGUF", "unet_name"),
    AssetKind.AUDIO: Location("input", "LoadAudio", "audio"),
    AssetKind.WORKFLOW: Location("user/default/workflows"),
}
_POLLS = 20
_POLL_S = 0.25


async def sync(
    assets: Sequence[Asset], folder: Path | None, nodes: ObjectInfo, context: Context
) -> None:
    """Bring all files into ComfyUI's folders; raises the first failure once all were tried."""
    if not assets:
        raise BenchraceError(
            Category.MISSING_ASSET,
            "no file is named, and comfyui.yaml lists none",
            "List checkpoints in comfyui.yaml, in the configuration folder of the agent.",
        )
    if folder is None:
        message = "the folder of ComfyUI is not set on this machine"
        raise InvalidInput(
            FieldError("comfyui.folder", message), "Set comfyui.folder in agent.yaml."
        )
    base = folder

    async def place(asset: Asset) -> None:
        await _place(asset, base, nodes, context)

    await place_all(assets, place, context)


async def _place(asset: Asset, base: Path, nodes: ObjectInfo, context: Context) -> None:
    location = LOCATIONS[asset.kind]

    async def is_listed(name: str) -> bool | None:
        return await _is_listed(location, name, nodes)

    placed = await context.assets.place(asset, base / location.folder, is_listed)
    unknown = "" if placed.listed else "; ComfyUI cannot be asked whether it lists it"
    context.log(f"{placed.name} is in {location.folder} ({placed.how}){unknown}")


async def _is_listed(location: Location, name: str, nodes: ObjectInfo) -> bool | None:
    """Wait until ComfyUI lists a file; None where it does not run, or has no such node."""
    if location.node is None or location.name is None:
        return None
    for _ in range(_POLLS):
        nodes.refresh()
        try:
            node = await nodes.node(location.node)
        except BenchraceError:
            return None
        choice = None if node is None else node.of(location.name)
        if choice is None or choice.choices is None:
            return None
        if name in choice.choices:
            return True
        await anyio.sleep(_POLL_S)
    return False
