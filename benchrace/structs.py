"""Decode and convert to types that one thread at a time has prepared.

On first use of a Struct, msgspec caches its type information before that is complete. Another
thread that decodes with the Struct meanwhile crashes the process (0.22: `StructInfo_Convert`). So
each type is prepared under a lock before it is used.
"""

import threading
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_lock = threading.RLock()
_prepared: set[Any] = set()


@overload
def decode(data: bytes | bytearray | str, kind: type[T]) -> T: ...
@overload
def decode(data: bytes | bytearray | str, kind: Any) -> Any: ...
def decode(data: bytes | bytearray | str, kind: Any) -> Any:
    """Decode JSON; raises `msgspec.DecodeError`."""
    _prepare(kind)
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
    _prepare(kind)
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)


@overload
def decoder(kind: type[T], *, strict: bool = True) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(kind: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]: ...
def decoder(kind: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    """Return a decoder of JSON, for a type that is decoded often."""
    with _lock:
        return msgspec.json.Decoder(kind, strict=strict)


def _prepare(kind: Any) -> None:
    try:
        if kind in _prepared:
            return
    except TypeError:
        # A note on the type cannot be hashed, so the type is prepared each time.
        decoder(kind)
        return
    decoder(kind)
    _prepared.add(kind)
