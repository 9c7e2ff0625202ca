"""Parameters as people send them, completed and checked by their types, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from benchrace import structs
from benchrace.config.explain import in_words
from benchrace.errors import FieldError
from benchrace.kinds import Params
from benchrace.plugin import Config, Workload
from benchrace.plugin.host.describe import params_schema
from benchrace.plugin.host.validation import AUTO
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.schema import Schema

MAX_UNKNOWN = 10
_EXAMPLES = {"number": " (e.g. 0.5, 1e6, 100k)", "integer": " (e.g. 1e6, 100k, 10M)"}


def convert(
    values: Mapping[str, Any], workload: Workload
) -> tuple[Params | None, tuple[FieldError, ...]]:
    """Convert strictly; either the parameters or every field that is wrong, by its name."""
    try:
        return structs.convert(dict(values), workload.accepts), ()
    except msgspec.ValidationError as error:
        return None, bad_fields(values, workload.accepts) or (FieldError("", str(error)),)


def is_automatic(values: Mapping[str, Any], workload: Workload) -> bool:
    """Check whether the workload's automatic parameter is to be calibrated."""
    return workload.automatic is not None and values.get(workload.automatic) == AUTO


def without_automatic(values: Mapping[str, Any], workload: Workload) -> dict[str, Any]:
    """Leave out an "auto", so that its default stands in for it."""
    automatic = is_automatic(values, workload)
    return {
        key: value for key, value in values.items() if not (automatic and key == workload.automatic)
    }


def complete(params: Params) -> dict[str, Any]:
    """Return parameters as plain values, each with its default filled in."""
    values: dict[str, Any] = msgspec.to_builtins(params)
    return values


def configuration(table: Mapping[str, Any] | None, of: type[Config] | None) -> Config | None:
    """Convert a backend's own table; raises `msgspec.ValidationError`, naming the key."""
    if of is None:
        if table:
            raise msgspec.ValidationError("this backend takes no configuration")
        return None
    return structs.convert(dict(table or {}), of)


def bad_fields(values: Mapping[str, Any], of: type[msgspec.Struct]) -> tuple[FieldError, ...]:
    """Find every bad field of `given`, not only the first."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(of)}
    properties = params_schema(of)["properties"]
    errors = list(_unknown([name for name in values if name not in fields], list(fields)))
    for name, field in fields.items():
        if name not in values:
            if field.required:
                errors.append(FieldError(name, "a value is required"))
            continue
        try:
            structs.convert(values[name], field.type)
        except msgspec.ValidationError as error:
            errors.append(FieldError(name, _message(error, values[name], properties[name])))
    return tuple(errors)


def _unknown(names: Sequence[str], expected: Sequence[str]) -> Iterator[FieldError]:
    """Report the first unknown parameters: a document can hold many thousands of them."""
    for name in names[:MAX_UNKNOWN]:
        yield FieldError(name[:64], f"unknown parameter; expected one of {', '.join(expected)}")
    if len(names) > MAX_UNKNOWN:
        yield FieldError("", f"{len(names) - MAX_UNKNOWN} more parameters are unknown")


def _message(error: msgspec.ValidationError, value: Any, schema: Schema) -> str:
    """Describe a value that does not fit, with how such values are written."""
    if allowed := schema.get("enum"):
        return f"{value!r:.80} is not one of {', '.join(str(choice) for choice in allowed)}"
    text, inside, _ = str(error).partition(" - at `$")
    reason = in_words(text)
    expected = schemas.types(schema)
    example = ""
    if isinstance(value, str) and "string" not in expected:
        example = next((text for name, text in _EXAMPLES.items() if name in expected), "")
    if inside:
        return f"{reason}: {value!r:.80}{example}"
    return f"{reason.partition(', got ')[0]}, got {value!r:.80}{example}"
