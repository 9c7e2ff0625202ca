"""Engines' JSON: what has to be there is taken, and what is odd is left out and named."""

from typing import Any

import msgspec
import pytest

from benchrace.plugin import JsonReader, parse_json, to_struct


class Inner(msgspec.Struct):
    n: int = 0


class Outer(msgspec.Struct):
    name: str
    inner: Inner | None = None
    items: tuple[Inner, ...] = ()
    tags: tuple[str, ...] = ("none",)
    size: int | None = None


@pytest.mark.parametrize(
    ("value", "wanted", "odd"),
    [
        ({"name": "a", "more": 1}, Outer("a"), []),
        ({"name": "a", "inner": {"n": "x"}}, Outer("a", Inner()), ["inner.n"]),
        ({"name": "a", "inner": 5, "size": "9"}, Outer("a", size=9), ["inner"]),
        (
            {"name": "a", "items": [{"n": 1}, 5, {"n": []}]},
            Outer("a", None, (Inner(1), Inner())),
            2,
        ),
        ({"name": "a", "tags": ["x", 5], "size": 2.5}, Outer("a"), ["tags", "size"]),
    ],
)
def test_what_is_odd_is_left_out_alone(value: Any, wanted: Outer, odd: Any) -> None:
    named: list[str] = []
    assert to_struct(value, Outer, named) == wanted
    assert odd in (named, len(named))
    data = msgspec.json.encode(value)
    assert JsonReader(Outer).read(data) == (wanted, tuple(named))


@pytest.mark.parametrize("value", [None, [], 5, {}, {"name": 5}, {"name": None}])
def test_what_lacks_what_it_needs_is_refused(value: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        to_struct(value, Outer, [])


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[Infinity, 1e400]", [float("inf")] * 2),
        (b'{"a":-Infinity}', {"a": float("-inf")}),
    ],
)
def test_what_other_writers_make_is_read(data: bytes, value: Any) -> None:
    assert parse_json(data) == value


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 100_000, b'"\\ud83d"', b'"\xff"', b"[1] 2", b"\xff\xfe[1]"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        parse_json(data)
