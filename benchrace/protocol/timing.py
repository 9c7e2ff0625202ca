"""How exactly a machine stamps streams, from its own check: `<data>/timing.json`."""

from pathlib import Path

import msgspec

from benchrace import structs

FILE = "timing.json"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """`bias_ms` is the median error of an arrival, `jitter_ms` how far its p99 is from that.

    `checked_at` in wall seconds; `source` says who stamped: `kernel`, `user` or `mixed`.
    """

    checked_at: float
    source: str
    bias_ms: float
    jitter_ms: float


class _Check(msgspec.Struct):
    timing_source: str
    bias_ms: float
    jitter_ms: float


class _Stored(msgspec.Struct):
    checked_at: float
    check: _Check


def read(data: Path) -> Timing | None:
    """Read the newest check below `data`; None where there was none, or it makes no sense. Blocks.

    It is made by `benchrace doctor timing`.
    """
    try:
        stored = structs.decode((data / FILE).read_bytes(), _Stored)
    except (OSError, msgspec.DecodeError):
        return None
    return Timing(
        checked_at=stored.checked_at,
        source=stored.check.timing_source,
        bias_ms=stored.check.bias_ms,
        jitter_ms=stored.check.jitter_ms,
    )
