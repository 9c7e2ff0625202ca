"""`<backend>.yaml`: the files that a backend's engine is to have, as lines of text."""

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import basename
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from benchrace.config.assets.file_name import check_name
from benchrace.config.assets.suffixes import DEFAULTS, is_known
from benchrace.config.document import Document, open_document
from benchrace.config.explain import Keys
from benchrace.errors import InvalidInput

KINDS = {
    "checkpoints": "checkpoint",
    "loras": "lora",
    "vaes": "vae",
    "audio": "audio",
    "workflows": "workflow",
    "ggufs": "gguf",
}
_URL = re.compile(r"https?://\S+|s3://\S+|share:.+|central:[0-9a-fA-F]{64}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
FORMS = "`url`, `url | label`, `url | sha256` or `label | url | sha256`"


class CatalogFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file with everything that a line cannot say; `size` in bytes.

    `name` is the file's name in the engine's folder, where the URL's is not good enough.
    """

    url: str
    name: str | None = None
    label: str | None = None
    sha256: str | None = None
    size: Annotated[int, Meta(ge=0)] | None = None
    ephemeral: bool = False
    pinned: bool = False


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: `name` is the file's name, `kind` as in the API."""

    kind: str
    name: str
    file: CatalogFile


def path_of(folder: Path, backend: str) -> Path:
    """Return the path of a backend's catalogue in a configuration folder."""
    return folder / f"{backend}.yaml"


def read_catalog(path: Path) -> tuple[CatalogEntry, ...]:
    """Read a catalogue; empty where there is none. Blocks.

    Raises InvalidInput with file, line and key for the first thing that is wrong.
    """
    if not path.exists():
        return ()
    document = open_document(path)
    if not isinstance(document.data, dict):
        raise document.bad((), "expected a table of lists")
    for key in document.data:
        if key not in KINDS:
            raise document.bad((key,), f"unknown key (use {', '.join(KINDS)})")
    return tuple(_entries(document))


def _entries(document: Document) -> Iterator[CatalogEntry]:
    # Each kind has a folder of its own.
    names: set[tuple[str, str]] = set()
    for key, listed in document.data.items():
        if not isinstance(listed, list):
            raise document.bad((key,), "expected a list")
        for index, value in enumerate(listed):
            entry = _entry(document, (key, index), KINDS[key], value)
            same = (entry.kind, entry.name.lower())
            if same in names:
                why = f"{entry.name} is listed twice, here or above: give one a `name`"
                raise document.bad((key, index), why)
            names.add(same)
            yield entry


def _entry(document: Document, keys: Keys, kind: str, value: Any) -> CatalogEntry:
    if isinstance(value, str):
        file = _of_line(document, keys, value)
    elif isinstance(value, dict):
        file = document.decode(CatalogFile, keys)
        if _URL.fullmatch(file.url) is None:
            raise document.bad((*keys, "url"), "expected https://, s3://, share: or central:")
        if file.sha256 is not None and _SHA256.fullmatch(file.sha256) is None:
            raise document.bad((*keys, "sha256"), "expected 64 hexadecimal digits")
    else:
        raise document.bad(keys, f"expected {FORMS}, or a table with `url`")
    name = file.name or _name(kind, file)
    if name is None:
        raise document.bad(keys, "the URL names no file: add a label, or a `name`")
    try:
        check_name(name)
    except InvalidInput as error:
        raise document.bad(keys, error.fields[0].message) from error
    return CatalogEntry(kind=kind, name=name, file=file)


def _of_line(document: Document, keys: Keys, line: str) -> CatalogFile:
    parts = [part.strip() for part in line.split(" | ")]
    match parts:
        case [url]:
            file = CatalogFile(url=url)
        case [url, sha256] if _SHA256.fullmatch(sha256):
            file = CatalogFile(url=url, sha256=sha256.lower())
        case [url, label]:
            file = CatalogFile(url=url, label=label)
        case [label, url, sha256] if _SHA256.fullmatch(sha256):
            file = CatalogFile(url=url, label=label, sha256=sha256.lower())
        case [_, _, _]:
            raise document.bad(keys, "the third part is not a SHA-256 (64 hexadecimal digits)")
        case _:
            raise document.bad(keys, f"expected {FORMS}")
    if _URL.fullmatch(file.url) is None or file.label == "":
        raise document.bad(keys, f"expected {FORMS}")
    return file


def _name(kind: str, file: CatalogFile) -> str | None:
    """Return the name of the file: the URL's, or the label where the URL names none."""
    path = file.url.partition(":")[2] if "://" not in file.url else urlsplit(file.url).path
    name = unquote(basename(path))
    if is_known(name):
        return name
    if file.label is None:
        return None
    return file.label if is_known(file.label) else file.label + DEFAULTS[kind]
