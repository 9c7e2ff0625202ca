"""What was computed of a run's images, `runs/<run_id>/likeness.json`: derived, and made again."""

from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.run.findings.likeness import Likeness
from benchrace.store import atomic, regular

NAME = "likeness.json"


class StoredLikeness(msgspec.Struct, frozen=True, kw_only=True):
    """The lanes by id, as of a log of `log_bytes`; `library` compared them, null for none.

    `missing` has the digests of images that were not here.
    """

    log_bytes: int
    library: str | None = None
    missing: tuple[str, ...] = ()
    lanes: dict[str, Likeness] = {}


def read(run: Path) -> StoredLikeness | None:
    """Return what is stored; None where nothing is, or it is damaged. Blocking."""
    try:
        return structs.decode(regular.read(run / NAME), StoredLikeness)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def write(run: Path, stored: StoredLikeness) -> None:
    """Replace what is stored; raises what the disk refuses. Blocking."""
    atomic.write(run / NAME, msgspec.json.encode(stored) + b"\n")
