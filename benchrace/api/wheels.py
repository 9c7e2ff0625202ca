"""Wheels that central keeps for its agents."""

import msgspec

from benchrace.ids import Sha256


class WheelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A wheel's file name, its size in bytes, and its SHA-256 in hex."""

    name: str
    size: int
    sha256: Sha256


class WheelList(msgspec.Struct, frozen=True, kw_only=True):
    wheels: tuple[WheelEntry, ...]
