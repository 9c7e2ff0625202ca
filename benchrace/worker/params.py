"""Parameters as people send them, made complete and checked by their types, field by field."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchrace.config.explain import in_words
from benchrace.errors import FieldError
from benchrace.kinds import Params
from benchrace.plugin import Config, Workload
from benchrace.plugin.describe import params_schema
from benchrace.plugin.offer import AUTO


def convert(
    given: Mapping[str, Any], workload: Workload
) -> tuple[Params | None, tuple[FieldError, ...]]:
    """Convert strictly; either the parameters or every field that is wrong, by its name."""
    try:
        return msgspec.convert(dict(given), workload.accepts), ()
    except msgspec.ValidationError as error:
        return None, bad_fields(given, workload.accepts) or (FieldError("", str(error)),)


def is_automatic(given: Mapping[str, Any], workload: Workload) -> bool:
    """Tell whether the workload's automatic parameter is asked to be found."""
    return workload.automatic is not None and given.get(workload.automatic) == AUTO


def without_automatic(given: Mapping[str, Any], workload: Workload) -> dict[str, Any]:
    """Leave out an "auto", so that its default stands in for it."""
    asked = is_automatic(given, workload)
    return {key: value for key, value in given.items() if not (asked and key == workload.automatic)}


def complete(params: Params) -> dict[str, Any]:
    """Give parameters as plain values, each with its default filled in."""
    values: dict[str, Any] = msgspec.to_builtins(params)
    return values


def configuration(given: Mapping[str, Any] | None, of: type[Config] | None) -> Config | None:
    """Convert a backend's own table; raises `msgspec.ValidationError`, naming the key."""
    if of is None:
        if given:
            raise msgspec.ValidationError("this backend takes no configuration")
        return None
    return msgspec.convert(dict(given or {}), of)


def bad_fields(given: Mapping[str, Any], of: type[msgspec.Struct]) -> tuple[FieldError, ...]:
    """Find every bad field of `given`, not only the first."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(of)}
    properties = params_schema(of)["properties"]
    found = [
        FieldError(name, f"there is no such parameter; there are {', '.join(fields)}")
        for name in given
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in given:
            if field.required:
                found.append(FieldError(name, "it is needed and has no default"))
            continue
        try:
            msgspec.convert(given[name], field.type)
        except msgspec.ValidationError as error:
            found.append(FieldError(name, _say(error, given[name], properties[name].get("enum"))))
    return tuple(found)


def _say(error: msgspec.ValidationError, value: Any, allowed: Sequence[Any] | None) -> str:
    if allowed:
        return f"{value!r:.80} is none of {', '.join(str(each) for each in allowed)}"
    return f"{in_words(str(error).partition(' - at `$')[0])}; it is {value!r:.80}"
