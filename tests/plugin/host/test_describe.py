"""Descriptions: the schema that forms are made of."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.plugin import Better, Params
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.host.describe import describe, params_schema
from benchrace.plugin.host.entry_points import PluginRef


class Inner(msgspec.Struct):
    depth: int = 0
    below: "Inner | None" = None


class Many(Params, frozen=True, kw_only=True):
    needed: Annotated[int, Meta(ge=1, le=9)]
    some_choice: Annotated[Better, Meta(description="Which way.")] = Better.LOWER
    inner: Inner | None = None


SCRIPTED = PluginRef(
    name="scripted", module="benchrace.testing.scripted", distribution=None, version=None
)


def test_fields_have_title_bounds_default_and_order() -> None:
    schema = params_schema(Many)
    assert schema["order"] == ["needed", "some_choice", "inner"]
    assert schema["required"] == ["needed"]
    assert schema["properties"]["needed"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "title": "Needed",
    }
    choice = schema["properties"]["some_choice"]
    assert choice["enum"] == ["higher", "lower", "none"]
    assert (choice["default"], choice["description"]) == ("lower", "Which way.")
    assert schema["additionalProperties"] is False


def test_nothing_refers_to_elsewhere_even_in_a_type_that_holds_itself() -> None:
    schema = params_schema(Many)
    assert b"$ref" not in msgspec.json.encode(schema)
    assert "$defs" not in schema
    assert b"a Inner again" in msgspec.json.encode(schema)


def test_a_description_travels() -> None:
    described = describe(SCRIPTED)
    assert described.ok
    again = msgspec.json.decode(msgspec.json.encode(described), type=PluginDescription)
    assert again == described
    assert again.kinds == ("scripted",)
    assert [metric.name for metric in again.backends[0].workloads[0].metrics] == [
        "score",
        "elapsed_ms",
    ]


def test_a_module_that_is_not_there_is_described_as_broken() -> None:
    lost = PluginRef(name="lost", module="no.such.module", distribution="d", version="1")
    described = describe(lost)
    assert not described.ok
    assert "No module named 'no'" in (described.error or "")
