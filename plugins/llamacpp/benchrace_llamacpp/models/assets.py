"""GGUF files that the machine fetches for its lanes: into the first folder of models."""

from collections.abc import Sequence
from pathlib import Path

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
from benchrace_llamacpp.models.model_file import expanded


async def sync(assets: Sequence[Asset], folders: Sequence[str], context: Context) -> None:
    """Bring all files into the first of `folders`; raises the first failure after trying all."""
    if not assets:
        raise BenchraceError(
            Category.MISSING_ASSET,
            "no file is named, and llamacpp.yaml lists none",
            "List GGUF files in llamacpp.yaml, in the configuration folder of the agent.",
        )
    if not folders:
        raise InvalidInput(
            FieldError("llamacpp.models", "no folder of models is set on this machine"),
            "Set `models` in the table `llamacpp` of agent.yaml.",
        )
    folder = expanded(folders[0])

    async def place(asset: Asset) -> None:
        await _place(asset, folder, context)

    await place_all(assets, place, context)


async def _place(asset: Asset, folder: Path, context: Context) -> None:
    if asset.kind is not AssetKind.GGUF or not asset.name.endswith(".gguf"):
        raise InvalidInput(
            FieldError("assets", f"{asset.name!r:.200} is not a GGUF file (e.g. llama-8b-q4.gguf)"),
            "List it under `ggufs`, with a name that ends in .gguf.",
        )

    async def is_listed(name: str) -> bool:
        return await context.run_blocking((folder / name).is_file)

    placed = await context.assets.place(asset, folder, is_listed)
    context.log(f"{placed.name} is in {folder} ({placed.how})")
