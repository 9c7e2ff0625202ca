"""Read a workload's JSON Schema: which parameters there are, and what each accepts."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def fields(schema: Schema) -> dict[str, Schema]:
    """List the parameters by name, references resolved, in the schema's order."""
    properties = resolved(schema, schema).get("properties", {})
    return {name: resolved(property_, schema) for name, property_ in properties.items()}


def completed(params: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Return parameters with the defaults of those that are left out."""
    parts = fields(schema).items()
    return {name: part["default"] for name, part in parts if "default" in part} | dict(params)


def open_ended(schema: Schema) -> bool:
    """Check whether parameters that the schema does not name are accepted."""
    return resolved(schema, schema).get("additionalProperties", True) is not False


def resolved(part: Schema, root: Schema) -> Schema:
    """Follow local references (`#/$defs/X`); other references end in an empty schema."""
    for _ in range(16):
        reference = part.get("$ref")
        if reference is None:
            return part
        target: Any = root
        for step in str(reference).removeprefix("#/").split("/"):
            target = target.get(step, {}) if isinstance(target, Mapping) else {}
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return {}


def types(part: Schema) -> frozenset[str]:
    """Collect the JSON types that a parameter accepts, through `anyOf` and lists of types."""
    named = part.get("type", ())
    names = {named} if isinstance(named, str) else set(named)
    for choice in (*part.get("anyOf", ()), *part.get("oneOf", ())):
        names |= types(choice)
    return frozenset(names)
