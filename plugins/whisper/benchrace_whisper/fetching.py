"""Fetch a model that a lane names and the machine lacks, if the machine's owner allows it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchrace.plugin import Asset, AssetKind, BenchraceError, Category, Context
from benchrace_whisper.config import HUB, NEVER
from benchrace_whisper.pull import ENDPOINT, Source

_HUB = "https://huggingface.co"


class Fetchable(NamedTuple):
    """A model's files, the one that makes it whole last, and the folder that they belong in.

    Each is a list of names that it may have, of which the first one that exists is fetched.
    """

    files: tuple[tuple[Asset, ...], ...]
    folder: Path

    def check(self, context: Context) -> None:
        """Raise what forbids this machine to fetch it; sends no request."""
        for names in self.files:
            context.assets.check(names[0])

    async def fetch(self, context: Context) -> None:
        """Bring all files into the folder; raises what failed."""
        # A folder of models below one that exists is made; the rest is the owner's to make.
        await context.run_blocking(lambda: self.folder.parent.mkdir(parents=True, exist_ok=True))
        for names in self.files:
            await self._first(names, context)

    async def _first(self, names: tuple[Asset, ...], context: Context) -> None:
        for asset in names:
            try:
                await self._place(asset, context)
            except BenchraceError as error:
                if error.category is not Category.MISSING_ASSET or asset is names[-1]:
                    raise
            else:
                return

    async def _place(self, asset: Asset, context: Context) -> None:
        placed = await context.assets.place(asset, self.folder, self._is_there)
        if placed.name != asset.name:
            # Another file has its name, so the engine would not read this one.
            message = f"{self.folder / asset.name} is not the file of {asset.url}"
            raise BenchraceError(
                Category.BROKEN_FILE, message, "Move it elsewhere, then race again."
            )

    async def _is_there(self, name: str) -> bool:
        # A link that leads nowhere is not a file.
        return (self.folder / name).is_file()


def fetchable(
    source: Source, folder: Path, where: str, environ: Mapping[str, str] = os.environ
) -> Fetchable | None:
    """Return what a lane fetches of a source; None where it may fetch nothing.

    `where` is the setting `fetch_models`. `folder` gets the files.
    """
    if where == NEVER:
        return None
    if where == HUB:
        base = f"{environ.get(ENDPOINT) or _HUB}/{source.repository}/resolve/main"
    else:
        below = source.repository.rpartition("/")[2].removeprefix("faster-whisper-")
        base = where if len(source.files) == 1 else f"{where.rstrip('/')}/{below}"
    return Fetchable(tuple(_assets(names, base.rstrip("/")) for names in source.files), folder)


def _assets(names: str, base: str) -> tuple[Asset, ...]:
    return tuple(
        Asset(name=name, url=f"{base}/{name}", kind=AssetKind.CHECKPOINT)
        for name in names.split("|")
    )
