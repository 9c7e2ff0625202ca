"""Where workflows and their images come from: themselves, a folder of the agent, or other hosts."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from benchrace.plugin import Asset, AssetKind, Context, InvalidInput

MAX_BYTES = 32 << 20
_MAX_ADDRESS = 4000
_LISTED = 20
# A folder may have a whole disk below it.
_SEEN = 5000
_DATA = "data:"
_REMOTE = ("https://", "http://", "s3://")
_SET = "set comfyui.workflows in agent.yaml to the folder that has them"


class InvalidSource(Exception):
    """A source that cannot be read; the text says why, and what to do."""


class Source(NamedTuple):
    """What a source has, and the name that a result shows for it."""

    name: str
    data: bytes


Fetched = Mapping[str, Source | InvalidSource]
_NOTHING: Fetched = {}


async def fetch(sources: Iterable[str], context: Context) -> Fetched:
    """Fetch the sources that are on other hosts, through the machine's store of assets.

    Raises `BenchraceError` where a host does not answer, or has no such file.
    """
    fetched: dict[str, Source | InvalidSource] = {}
    for source in dict.fromkeys(sources):
        if source.startswith(_REMOTE):
            fetched[source] = await _fetch(source, context)
    return fetched


async def _fetch(source: str, context: Context) -> Source | InvalidSource:
    name = unquote(urlsplit(source).path).rpartition("/")[2]
    if not name:
        return InvalidSource(f"{_shown(source)} names no file (e.g. s3://bucket/workflow.json)")
    if len(source) > _MAX_ADDRESS:
        return InvalidSource(
            f"the address {_shown(source)} has more than {_MAX_ADDRESS} characters: shorten it"
        )
    # For one run: it must not take the place of what the machine's owner has chosen.
    asset = Asset(name=name[:200], url=source, kind=AssetKind.WORKFLOW, ephemeral=True)
    try:
        return Source(_shown(source), await context.assets.read(asset, MAX_BYTES))
    except InvalidInput as error:
        # The reason is the source itself: the field that names it is at fault.
        remedy = f" {error.remedy}" if error.remedy else ""
        return InvalidSource(f"{'; '.join(field.message for field in error.fields)}.{remedy}")


def _shown(source: str) -> str:
    """Return an address without what may be a secret."""
    return source.partition("?")[0][:200]


def resolve(source: str, folder: Path | None, fetched: Fetched = _NOTHING) -> Source:
    """Return what a source has: one that was fetched, `data:` with Base64, or a file below
    `folder`. Blocks; raises `InvalidSource`.
    """
    scheme, colon, _ = source.partition("://")
    if source.startswith(_DATA):
        return Source("inline", _decode(source))
    own = fetched.get(source)
    if isinstance(own, InvalidSource):
        raise own
    if own is not None:
        return own
    if colon:
        raise InvalidSource(
            f"cannot read from {scheme[:20]}://: use https://, s3://, or a file in the agent's "
            f"folder for workflows ({_SET})"
        )
    return _file(source, folder)


def _decode(source: str) -> bytes:
    head, comma, data = source.partition(",")
    if not comma or not head.endswith(";base64"):
        raise InvalidSource("invalid data: URL (e.g. data:image/png;base64,iVBOR...)")
    if len(data) // 4 * 3 - data.count("=", -2) > MAX_BYTES:
        raise InvalidSource(f"the data: URL has more than {MAX_BYTES >> 20} MiB")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InvalidSource(f"invalid Base64 in the data: URL: {error}") from error


def _file(name: str, folder: Path | None) -> Source:
    """Read a file below the folder; nothing outside of it is reached, through links either."""
    if folder is None:
        raise InvalidSource(f"{name!r:.200} is a file, and this agent has no folder: {_SET}")
    if not folder.is_dir():
        raise InvalidSource(f"the folder for workflows is missing: {_SET}")
    try:
        root = folder.resolve(strict=True)
        path = (root / name).resolve()
        if Path(name).is_absolute() or not path.is_relative_to(root):
            raise InvalidSource(f"{name!r:.200} is outside of the folder: name a file in it")
        if path.is_dir():
            raise InvalidSource(f"{name!r:.200} is a folder: name a file in it")
        if not path.is_file():
            raise InvalidSource(f"file {name!r:.200} not found{_others(root, path.suffix)}")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or error
        raise InvalidSource(f"cannot read {name!r:.200}: {text}") from error
    if len(data) > MAX_BYTES:
        raise InvalidSource(f"{name!r:.200} has more than {MAX_BYTES >> 20} MiB")
    return Source(path.relative_to(root).as_posix(), data)


def _others(root: Path, suffix: str) -> str:
    names = sorted(_names(root, suffix or ".json"))
    some = ", ".join(names[:_LISTED])
    left = len(names) - _LISTED
    return f"; the folder has {some}{f' and {left} more' if left > 0 else ''}" if names else ""


def _names(root: Path, suffix: str) -> Iterator[str]:
    """Yield the files of a kind, of the first ones in the folder."""
    for path in islice(root.rglob("*"), _SEEN):
        if path.suffix == suffix and path.is_file():
            yield path.relative_to(root).as_posix()
