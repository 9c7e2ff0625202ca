"""Requests' bodies as checked values, with every bad field named by its path."""

import re
from typing import Any, TypeVar

import msgspec
from quart import Request

from benchrace.config.explain import in_words
from benchrace.errors import Category, FieldError, InvalidInput
from benchrace.web.problem import Problem

T = TypeVar("T")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:required|unknown) field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_MOST = 50


async def read(request: Request, kind: type[T]) -> T:
    """Decode the body; raises 400 where it is no JSON, `InvalidInput` where it does not fit."""
    data = await request.get_data()
    return decode(data if isinstance(data, bytes) else data.encode(), kind)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode JSON into `kind`; an empty body, or null, is an empty object."""
    try:
        value = msgspec.json.decode(data or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            400, Category.VALIDATION, f"the request is no JSON: {error}", "Send one JSON object."
        ) from error
    return convert({} if value is None else value, kind)


def convert(value: Any, kind: type[T]) -> T:
    """Convert parsed JSON into `kind`, naming all the bad fields, not only the first."""
    errors: list[FieldError] = []
    for _ in range(_MOST):
        try:
            found = msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            field = field_error(error)
            if field in errors:
                break
            errors.append(field)
            if not _remove(value, field.path):
                break
        else:
            if errors:
                break
            return found
    raise InvalidInput(errors)


def query(said: dict[str, str], kind: type[T]) -> T:
    """Convert a query string into `kind`; what is empty was not said. Raises `InvalidInput`."""
    known = {name: value for name, value in said.items() if value != ""}
    try:
        return msgspec.convert(known, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(field_error(error)) from error


def field_error(error: msgspec.ValidationError) -> FieldError:
    """Take the path out of the decoder's words: `lanes[1].params.n`."""
    found = _AT.match(str(error))
    what, path = (str(error), "") if found is None else (found["what"], found["path"] or "")
    if (named := _FIELD.search(what)) is not None:
        path = f"{path}.{named['name']}"
        what = "is missing" if "required" in what else "is no field that is known here"
    return FieldError(path=path.removeprefix("."), message=in_words(what))


def _remove(value: Any, path: str) -> bool:
    """Take the value at `path` away, so that what follows it can be checked."""
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    for step in steps[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    match value:
        case dict() if steps and steps[-1] in value:
            del value[steps[-1]]
            return True
        case _:
            return False
