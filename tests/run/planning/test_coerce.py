from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import coerce, number


class Everything(msgspec.Struct, forbid_unknown_fields=True):
    n: int = 1
    share: float = 0.5
    on: bool = False
    name: str = ""
    limit: int | None = None
    mode: Literal["fast", "slow"] = "fast"
    level: Literal[1, 2] = 1
    sizes: list[int] = []
    either: int | str = 0


SCHEMA = msgspec.json.schema(Everything)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50M", 50_000_000),
        ("1e9", 1_000_000_000),
        ("10_000", 10_000),
        ("2k", 2000),
        ("1.5M", 1_500_000),
        ("3T", 3 * 10**12),
        ("2G", 2 * 10**9),
        ("-7", -7),
        (" 7 ", 7),
        ("0.5", 0.5),
        ("25e-2", 0.25),
        ("0", 0),
        ("0e999", 0),
    ],
)
def test_numbers_are_read(text: str, value: float) -> None:
    assert number(text) == value
    assert type(number(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["", "M", "1__0", "_1", "1e", "0x10", "1e999", "nan", "inf", "1 M", "9" * 65, "٣", "1e-99"],
)
def test_what_is_no_sensible_number_is_not_read(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("n", "50M", 50_000_000),
        ("n", 1e9, 1_000_000_000),
        ("n", "0.5", "0.5"),
        ("n", 0.5, 0.5),
        ("n", "many", "many"),
        ("share", "2", 2),
        ("share", "0.25", 0.25),
        ("share", 2.0, 2.0),
        ("on", "TRUE", True),
        ("on", "off", False),
        ("on", "perhaps", "perhaps"),
        ("name", "50M", "50M"),
        ("name", "true", "true"),
        ("limit", "none", None),
        ("limit", "3", 3),
        ("mode", "slow", "slow"),
        ("mode", "2", "2"),
        ("level", "2", 2),
        ("sizes", "[1, 2]", [1, 2]),
        ("sizes", "[1,", "[1,"),
        ("either", "50M", "50M"),
        ("unknown", "50M", "50M"),
    ],
)
def test_values_become_what_the_schema_says(name: str, given_value: Any, value: Any) -> None:
    result = coerce({name: given_value}, SCHEMA, None)[name]
    assert result == value
    assert type(result) is type(value)


def test_auto_is_left_for_the_automatic_parameter() -> None:
    assert coerce({"n": "auto"}, SCHEMA, "n") == {"n": "auto"}


@given(st.integers(-(10**30), 10**30))
def test_integers_survive_being_text(value: int) -> None:
    assert coerce({"n": str(value)}, SCHEMA, None) == {"n": value}


@given(st.text() | st.floats() | st.integers() | st.none() | st.lists(st.text()))
def test_nothing_makes_it_raise(value: Any) -> None:
    for name in schemas.fields(SCHEMA):
        coerce({name: value}, SCHEMA, "n")


def test_references_that_lead_nowhere_are_empty() -> None:
    loop = {"properties": {"a": {"$ref": "#/properties/a"}, "b": {"$ref": "#/no/such"}}}
    assert schemas.fields(loop) == {"a": {}, "b": {}}
