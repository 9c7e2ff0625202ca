"""Failures are answers in JSON, whatever failed."""

from typing import Any

import pytest

from benchrace.errors import InvalidInput
from benchrace.run.spec import RunSpec
from benchrace.web.body import decode
from benchrace.web.problem import Problem
from tests import local_http


@pytest.mark.parametrize(
    ("path", "status", "category"),
    [
        ("/fail/field", 422, "validation"),
        ("/fail/busy", 409, "busy"),
        ("/fail/full", 507, "disk_full"),
        ("/fail/program", 500, "system"),
        ("/missing", 404, "validation"),
        ("/things/..%2f..%2fetc", 404, "validation"),
        ("/%00", 404, "validation"),
    ],
)
async def test_failures_are_json(edge: Any, path: str, status: int, category: str) -> None:
    async with local_http.async_client(edge.url) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["category"], bool(error["message"]), bool(error["remedy"])) == (
        category,
        True,
        True,
    )
    assert "secret" not in answer.text


async def test_fields_are_named_by_path(edge: Any) -> None:
    async with local_http.async_client(edge.url) as client:
        fields = (await client.get("/fail/field")).json()["error"]["fields"]
        assert (await client.delete("/things")).json()["error"]["category"] == "validation"
    assert fields == [{"path": "lanes[1].params.n", "message": "is negative"}]


@pytest.mark.parametrize(
    "data", [b'{"a":"\xff"}', b"\xff\xfe", b"[" * 100_000, b"{", b"{]", b'{"a":1}x', b"NaN"]
)
async def test_what_is_no_json_is_400(edge: Any, data: bytes) -> None:
    async with local_http.async_client(edge.url) as client:
        kind = {"Content-Type": "application/json"}
        answer = await client.post("/things", content=data, headers=kind)
    assert (answer.status_code, answer.json()["error"]["category"]) == (400, "validation")


def test_all_bad_fields_are_named() -> None:
    bad = (
        b'{"kind":1,"rounds":0,"warmup":-1,"order":"best","extra":1,'
        b'"lanes":[{},{"label":5,"more":1}],"timeout_s":"long"}'
    )
    with pytest.raises(InvalidInput) as caught:
        decode(bad, RunSpec)
    paths = {field.path for field in caught.value.fields}
    assert {"kind", "lanes[1].label", "lanes[1].more"} <= paths
    assert {"rounds", "warmup", "order", "extra", "timeout_s"} <= paths


def test_one_missing_field_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(b"", RunSpec)
    assert [str(field) for field in caught.value.fields] == ["kind: is missing"]


@pytest.mark.parametrize("data", [b"[]", b"1", b'"text"'])
def test_another_shape_is_named(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="expected a table"):
        decode(data, RunSpec)


def test_garbage_is_a_problem_of_the_request() -> None:
    with pytest.raises(Problem) as caught:
        decode(b"{", RunSpec)
    assert caught.value.status == 400
