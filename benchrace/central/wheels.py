"""Wheels in central's data folder, with which its agents are updated."""

import hashlib
import os
import re
from pathlib import Path

from benchrace.api.wheels import WheelEntry
from benchrace.errors import NotFound
from benchrace.store import atomic
from benchrace.store.regular import NotRegular, open_regular, readable_bytes

FOLDER = "wheels"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,199}\.whl")


def listed(data: Path) -> tuple[WheelEntry, ...]:
    """List the wheels with their checksums, by name; other files are left out. Blocks."""
    folder = data / FOLDER
    try:
        names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise atomic.failure(folder, error) from error
    entries = (_entry(folder / name) for name in names)
    return tuple(entry for entry in entries if entry is not None)


def path_of(data: Path, name: str) -> Path:
    """Return the path of a wheel; raises NotFound. Blocks."""
    path = data / FOLDER / name
    if _NAME.fullmatch(name) and readable_bytes(path):
        return path
    raise NotFound(
        f"central has no wheel {name[:100]!r}", "GET /api/v1/agents/wheels lists those that it has."
    )


def _entry(path: Path) -> WheelEntry | None:
    try:
        fd = open_regular(path)
    except (FileNotFoundError, NotRegular):
        return None
    except OSError as error:
        raise atomic.failure(path, error) from error
    with os.fdopen(fd, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return WheelEntry(name=path.name, size=file.tell(), sha256=digest.hexdigest())
