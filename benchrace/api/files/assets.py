"""Requests and answers about files for engines: those that central has, and those of a machine."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.ids import Sha256
from benchrace.plugin.assets import AssetKind

# With its JSON around it, a part is below the limit of a request.
PART_BYTES = 1 << 19


class AssetUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file to send to central; `size` in bytes."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=1)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: AssetKind = AssetKind.CHECKPOINT


class AssetPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes from `offset` on, in base64, 512 KiB at most."""

    offset: Annotated[int, Meta(ge=0)]
    data: Annotated[bytes, Meta(min_length=1, max_length=PART_BYTES)]


class AssetArrived(msgspec.Struct, frozen=True, kw_only=True):
    """How many bytes central has of a file; `complete` once they are checked."""

    arrived: int
    complete: bool


class AssetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file that central has; agents fetch it by its digest. `added_at` is wall time."""

    sha256: Sha256
    size: int
    name: str
    kind: AssetKind
    added_at: float


class AssetList(msgspec.Struct, frozen=True, kw_only=True):
    assets: tuple[AssetEntry, ...]
