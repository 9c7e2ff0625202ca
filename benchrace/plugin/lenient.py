"""Decode an engine's JSON leniently: skip optional fields that have an unexpected type.

Servers of one protocol differ in what they put into optional fields, and change it between
versions. A typed decoder rejects the whole message for one such field; this decoder rejects only
messages in which a required field is missing or wrong.
"""

import json
import types
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec

from benchrace import structs

S = TypeVar("S", bound=msgspec.Struct)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_json(data: bytes) -> Any:
    """Return JSON as plain values; also accepts NaN and too large numbers, which Python writes.

    Raises `msgspec.DecodeError` for invalid JSON, JSON that is nested too deeply, and unpaired
    surrogates.
    """
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        return msgspec.json.decode(data)
    except RecursionError as error:
        raise msgspec.DecodeError("JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"Invalid UTF-8: {error.reason}") from error
    except msgspec.MsgspecError as error:
        return _parse_python(data, error)


class JsonReader(Generic[S]):
    """A reader of objects of one type, as fast as a typed decoder for well-formed messages."""

    def __init__(self, to: type[S]) -> None:
        self._to = to
        self._decoder = structs.decoder(to, strict=False)

    def read(
        self, data: bytes, prepare: Callable[[dict[str, Any]], None] | None = None
    ) -> tuple[S, tuple[str, ...]]:
        """Return the object, and the paths of skipped fields; raises `msgspec.MsgspecError`.

        If a field has an unexpected type, `prepare` may change the plain values before they are
        converted.
        """
        try:
            return self._decoder.decode(data), ()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            value = parse_json(data)
        if prepare is not None and isinstance(value, dict):
            prepare(value)
        odd: list[str] = []
        return to_struct(value, self._to, odd), tuple(odd)


def _parse_python(data: bytes, error: msgspec.MsgspecError) -> Any:
    try:
        value = json.loads(data)
        # An unpaired surrogate cannot be encoded.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise msgspec.DecodeError(str(error)) from error
    return value


def to_struct(value: Any, to: type[S], odd: list[str], at: str = "") -> S:
    """Convert `value` to `to`; skip fields of another type and add their paths to `odd`.

    Raises `msgspec.ValidationError` if `value` is not an object, or a required field is missing or
    wrong. In a list of objects, invalid ones are skipped.
    """
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"Expected an object, got {type(value).__name__}")
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(to):
        if field.encode_name not in value:
            if field.required:
                raise msgspec.ValidationError(
                    f"Object missing required field `{field.encode_name}`"
                )
            continue
        path = f"{at}.{field.encode_name}" if at else field.encode_name
        try:
            fields[field.name] = _field(value[field.encode_name], field.type, odd, path)
        except (msgspec.ValidationError, OverflowError):
            if field.required:
                raise
            odd.append(path)
    return to(**fields)


def _field(value: Any, of: Any, odd: list[str], at: str) -> Any:
    members = _members(of)
    if value is None and type(None) in members:
        return None
    if isinstance(value, dict):
        for member in members:
            if _is_struct(member):
                return to_struct(value, member, odd, at)
    if isinstance(value, list):
        for member in members:
            args = get_args(member)
            if get_origin(member) is tuple and _is_struct(args[0]):
                return tuple(_entries(value, args[0], odd, f"{at}[]"))
    return structs.convert(value, of, strict=False)


def _entries(values: list[Any], of: Any, odd: list[str], at: str) -> list[Any]:
    entries = []
    for value in values:
        try:
            entries.append(_field(value, of, odd, at))
        except msgspec.ValidationError:
            odd.append(at)
    return entries


def _is_struct(of: Any) -> bool:
    return isinstance(of, type) and issubclass(of, msgspec.Struct)


def _members(of: Any) -> tuple[Any, ...]:
    """Return the types that a field may have."""
    if get_origin(of) is Annotated:
        return _members(get_args(of)[0])
    if get_origin(of) in (Union, types.UnionType):
        return tuple(inner for member in get_args(of) for inner in _members(member))
    return (of,)
