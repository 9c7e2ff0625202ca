"""Decode and convert to types that msgspec understood before any other thread uses them.

At its first use, msgspec notes in a Struct what it understood of it, and does so before it has
understood all fields. Another thread that decodes with the Struct meanwhile ends the process
(0.22: `StructInfo_Convert`). So one type at a time is understood, under a lock, and only then used.
"""

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_lock = threading.RLock()
_understood: set[Any] = set()


@overload
def decode(data: bytes | bytearray | str, kind: type[T]) -> T: ...
@overload
def decode(data: bytes | bytearray | str, kind: Any) -> Any: ...
def decode(data: bytes | bytearray | str, kind: Any) -> Any:
    """Decode JSON; raises `msgspec.DecodeError`."""
    _understand(kind)
    return msgspec.json.decode(data, type=kind)


@overload
def convert(
    value: Any, kind: type[T], *, strict: bool = True, from_attributes: bool = False
) -> T: ...
@overload
def convert(
    value: Any, kind: Any, *, strict: bool = True, from_attributes: bool = False
) -> Any: ...
def convert(value: Any, kind: Any, *, strict: bool = True, from_attributes: bool = False) -> Any:
    """Convert to a type as `msgspec.convert` does; raises `msgspec.ValidationError`."""
    _understand(kind)
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)


@overload
def decoder(kind: type[T], *, strict: bool = True) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(kind: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]: ...
def decoder(kind: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    """Return a decoder of JSON, for a type that is decoded often."""
    with _lock:
        return msgspec.json.Decoder(kind, strict=strict)


def _understand(kind: Any) -> None:
    if kind not in _understood:
        with _lock:
            msgspec.json.Decoder(kind)
            _understood.add(kind)
