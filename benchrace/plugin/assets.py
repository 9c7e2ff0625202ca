"""Files that an engine needs, and what a backend may ask of the machine's store of them."""

from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
from msgspec import Meta

from benchrace.errors import BenchraceError

if TYPE_CHECKING:
    from benchrace.plugin.context import Context


class AssetKind(StrEnum):
    """What a file is for: a backend chooses the folder of its engine by it."""

    CHECKPOINT = "checkpoint"
    LORA = "lora"
    VAE = "vae"
    AUDIO = "audio"
    WORKFLOW = "workflow"
    GGUF = "gguf"


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an engine needs; `sha256` in hexadecimal, `size` in bytes, null if unknown.

    `name` is the file's name in the engine's folder. `url` is where it is: `https://`,
    `s3://bucket/key`, `share:folder/file` on the machine's model share, or `central:sha256`. An
    `ephemeral` one is deleted after the machine's next run, a `pinned` one only on request.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(min_length=1, max_length=4000)]
    sha256: str | None = None
    size: Annotated[int, Meta(ge=0)] | None = None
    kind: AssetKind = AssetKind.CHECKPOINT
    ephemeral: bool = False
    pinned: bool = False


class PlacedAsset(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an engine's folder: `name` may have a suffix, where the asset's was taken.

    `listed` tells whether the engine lists it, null where that is unknown.
    """

    name: str
    sha256: str
    size: int
    how: str
    listed: bool | None


class Assets(Protocol):
    """The machine's store of assets; its downloads are shared by all processes.

    A sync fetches with it, and a lane before its rounds: in `preflight` only what is small.
    """

    def check(self, asset: Asset) -> None:
        """Raise InvalidInput for an asset that this machine may not fetch; sends no request."""
        ...

    async def read(self, asset: Asset, max_bytes: int) -> bytes:
        """Return the content of a small file; fetch it if the machine lacks it.

        A larger one is refused before it is downloaded. Raises `BenchraceError`.
        """
        ...

    async def place(
        self,
        asset: Asset,
        folder: Path,
        is_listed: Callable[[str], Awaitable[bool | None]],
    ) -> PlacedAsset:
        """Fetch a file if the machine lacks it, and put it into `folder` of an engine.

        `is_listed(name)` waits until the engine lists the file: False where it does not within a
        reasonable time, and another kind of link is tried; None where the engine cannot be asked.
        Reports `context.progress(done, total, "B")`. Raises `BenchraceError`.
        """
        ...


async def place_all(
    assets: Iterable[Asset], place: Callable[[Asset], Awaitable[None]], context: "Context"
) -> None:
    """Place assets one after the other; raises the first failure once all were tried."""
    first: BenchraceError | None = None
    for asset in assets:
        try:
            await place(asset)
        except BenchraceError as error:
            context.log(f"{asset.name}: {error.message}", "error")
            first = first or error
    if first is not None:
        raise first
