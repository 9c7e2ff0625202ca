"""One GGUF file that a lane may name."""

import re
from pathlib import Path

import msgspec

_FIRST_SHARD = re.compile(r"(?P<stem>.+)-00001-of-(?P<count>\d{5})\.gguf")


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with a model's weights, or the first of several; `digest` is the store's own."""

    name: str
    path: str
    digest: str | None = None


def shards(path: Path) -> list[Path]:
    """Return the files of a model that is split, in order, else the one file. Blocks.

    Parts that are missing are left out: the engine names them when it loads.
    """
    match = _FIRST_SHARD.fullmatch(path.name)
    if match is None:
        return [path]
    names = [
        f"{match['stem']}-{number:05}-of-{match['count']}.gguf"
        for number in range(1, int(match["count"]) + 1)
    ]
    return [part for name in names if (part := path.with_name(name)).is_file()]


def expanded(path: str) -> Path:
    """Return a path with the home that it begins with, unchanged where that is unknown."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
