"""Values from outside as checked Structs, with every bad field named by its path."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from benchrace import structs
from benchrace.config.explain import in_words
from benchrace.errors import FieldError, InvalidInput

T = TypeVar("T")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:required|unknown) field `(?P<name>[^`]*)`")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_MAX_ERRORS = 50


def convert(value: Any, kind: type[T]) -> T:
    """Convert parsed JSON into `kind`, naming all the bad fields, not only the first."""
    errors: list[FieldError] = []
    for _ in range(_MAX_ERRORS):
        try:
            result = structs.convert(value, kind)
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
            return result
    raise InvalidInput(errors)


def query(arguments: Mapping[str, Any], kind: type[T]) -> T:
    """Convert a query string into `kind`; what is empty was not said. Raises `InvalidInput`."""
    values = {name: value for name, value in arguments.items() if value != ""}
    try:
        return structs.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(field_error(error)) from error


def field_error(error: msgspec.ValidationError) -> FieldError:
    """Extract the path from the decoder's message: `lanes[1].params.n`."""
    match = _AT.match(str(error))
    what, path = (str(error), "") if match is None else (match["what"], match["path"] or "")
    if (named := _FIELD.search(what)) is not None:
        path = f"{path}.{named['name']}"
        what = "is missing" if "required" in what else "unknown field"
    return FieldError(path=path.removeprefix("."), message=in_words(what))


def _remove(value: Any, path: str) -> bool:
    """Remove the value at `path`, so that what follows it can be checked."""
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
