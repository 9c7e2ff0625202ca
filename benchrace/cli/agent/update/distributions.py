"""The distributions of benchrace in an environment, and each of them as a wheel again."""

import base64
import csv
import hashlib
import os
import re
import site
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category

MAIN = "benchrace"
# This project's own, which are released together.
RELEASED = frozenset((Path(__file__).parent / "released.txt").read_text().split())
# What an installer adds; it also makes the commands again, from entry points.
_ADDED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


class _Origin(msgspec.Struct, frozen=True):
    """`direct_url.json`, as far as it matters here."""

    dir_info: dict[str, object] | None = None


def installed(folders: Iterable[str | Path] | None = None) -> dict[str, Distribution]:
    """Return benchrace and its plugins by name, of this environment or of folders of libraries.

    The folders are read each time, without the caches of `importlib`.
    """
    ours: dict[str, Distribution] = {}
    for folder in _libraries() if folders is None else folders:
        for metadata in sorted(Path(folder).glob("*.dist-info/METADATA")):
            name = normalized(metadata.parent.name.partition("-")[0])
            if name == MAIN or name.startswith(f"{MAIN}-"):
                # The first one on the path is the one that is imported.
                ours.setdefault(name, Distribution.at(metadata.parent))
    return ours


def _libraries() -> Iterator[str]:
    if site.ENABLE_USER_SITE:
        yield site.getusersitepackages()
    yield from site.getsitepackages()


def versions(distributions: dict[str, Distribution]) -> dict[str, str]:
    """Return the version of each, by name."""
    return {name: distributions[name].version for name in sorted(distributions)}


def normalized(name: str) -> str:
    """Return a distribution's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_replaceable(distribution: Distribution) -> None:
    """Raise `validation` for one that is installed from a folder of sources."""
    text = distribution.read_text("direct_url.json")
    if text is not None and structs.decode(text, _Origin).dir_info is not None:
        raise BenchraceError(
            Category.VALIDATION,
            f"{distribution.name} is installed from a folder of sources",
            "Update that folder, and install it again.",
        )


def pack(distribution: Distribution, folder: Path, prefix: Path | None = None) -> Path:
    """Write an installed distribution as a wheel into `folder`; return its path. Blocks.

    `prefix` is where its environment begins, by default this one. Raises `system` where files of it
    are missing.
    """
    name = normalized(distribution.name).replace("-", "_")
    stem = f"{name}-{distribution.version}"
    wheel = folder / f"{stem}-{_tags(distribution)}.whl"
    record, lines = f"{stem}.dist-info/RECORD", []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, file in _files(distribution, f"{stem}.data/data", prefix or Path(sys.prefix)):
            try:
                data = file.read_bytes()
                # With its mode: programs in a library stay executable.
                info = zipfile.ZipInfo.from_file(file, path, strict_timestamps=False)
            except OSError as error:
                raise _damaged(distribution, f"{path}: {error.strerror or error}") from error
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            packed.writestr(info, data, zipfile.ZIP_DEFLATED)
            lines.append(f'"{path}",sha256={digest},{len(data)}\n')
            if path.endswith(".dist-info/METADATA"):
                record = path.removesuffix("METADATA") + "RECORD"
        packed.writestr(record, "".join([*lines, f'"{record}",,\n']))
    return wheel


def _files(distribution: Distribution, outside: str, prefix: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name in a wheel, and the path, of each installed file that a wheel has.

    `distribution.files` leaves out those that are missing.
    """
    text = distribution.read_text("RECORD")
    if text is None:
        raise _damaged(distribution, "it has no RECORD of its files")
    commands = {entry.name for entry in distribution.entry_points if "scripts" in entry.group}
    for row in csv.reader(text.splitlines()):
        path = PurePosixPath(row[0]) if row else PurePosixPath("__pycache__")
        file = Path(os.path.normpath(str(distribution.locate_file(path))))
        if "__pycache__" in path.parts:
            continue
        if path.name in _ADDED and path.parent.name.endswith(".dist-info"):
            continue
        if path.parts[0] != ".." and not path.is_absolute():
            yield str(path), file
        elif path.name not in commands:
            if not file.is_relative_to(prefix):
                raise _damaged(distribution, f"{path} is not in {prefix}")
            yield f"{outside}/{file.relative_to(prefix).as_posix()}", file


def _damaged(distribution: Distribution, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"{distribution.name} is damaged: {why}",
        "Install benchrace again by hand.",
    )


def _tags(distribution: Distribution) -> str:
    """Return the tags as the name of a wheel has them."""
    text = distribution.read_text("WHEEL") or ""
    lines = [line.partition(":")[2].strip() for line in text.splitlines() if line[:4] == "Tag:"]
    tags = [line.split("-") for line in lines if line.count("-") == 2] or [["py3", "none", "any"]]
    return "-".join(".".join(dict.fromkeys(part)) for part in zip(*tags, strict=True))
