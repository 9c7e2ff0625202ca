"""Files of a built page, in memory, with the compressed forms that its build wrote."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from benchrace.web.asgi.codings import BROTLI, GZIP, choose
from benchrace.web.asgi.entity_tags import tag_of, with_coding
from benchrace.web.asgi.types import Scope

if TYPE_CHECKING:
    from quart import Response

# By the suffix of the compressed file. A client that accepts both gets the first.
SUFFIXES = {".br": BROTLI, ".gz": GZIP}


@dataclass(frozen=True)
class StaticFile:
    """A file, and its compressed forms by coding."""

    data: bytes
    encoded: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def tag(self) -> str:
        """The strong tag of the file as it is."""
        return tag_of(self.data)

    def answer(self, scope: Scope, content_type: str, headers: dict[str, str]) -> "Response":
        """Answer with the form that the request prefers."""
        from quart import Response

        coding = choose(scope, tuple(self.encoded))
        data = self.data if coding is None else self.encoded[coding]
        response = Response(data, content_type=content_type, headers=headers)
        response.headers["ETag"] = with_coding(self.tag, coding)
        if self.encoded:
            response.headers["Vary"] = "Accept-Encoding"
        if coding is not None:
            response.headers["Content-Encoding"] = coding
        return response


def read_files(folder: Path) -> dict[str, StaticFile]:
    """Read all files of a folder, by the names of the plain ones. Blocks."""
    files = dict(_plain(str(folder), ""))
    encoded: dict[str, dict[str, bytes]] = {}
    for suffix, coding in SUFFIXES.items():
        for name in tuple(files):
            plain = name.removesuffix(suffix)
            if plain != name and plain in files:
                encoded.setdefault(plain, {})[coding] = files.pop(name)
    return {name: StaticFile(data, encoded.get(name, {})) for name, data in files.items()}


def _plain(folder: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Read what is in a folder; a `Path` for each of the hundreds takes longer than reading it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _plain(entry.path, f"{prefix}{entry.name}/")
            else:
                with open(entry.path, "rb", buffering=0) as file:  # noqa: PTH123
                    yield f"{prefix}{entry.name}", file.read()
