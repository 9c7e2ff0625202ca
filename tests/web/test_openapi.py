"""Every reference of the document leads somewhere."""

from collections.abc import Iterator
from typing import Any

import msgspec
from quart import Quart
from quart_schema import document_querystring, document_request, document_response

from benchrace.run.document import RunDocument
from benchrace.run.spec import RunSpec
from benchrace.store.index import Query
from benchrace.web import openapi


def references(value: Any) -> Iterator[str]:
    match value:
        case dict():
            if isinstance(found := value.get("$ref"), str):
                yield found
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


async def test_the_document_is_whole() -> None:
    app = Quart("documented")
    openapi.install(app, "documented")

    @app.post("/runs")
    @document_querystring(Query)
    @document_request(RunSpec)
    @document_response(RunDocument, 202)
    async def runs() -> str:
        """Say what it does."""
        return ""

    answer = await app.test_client().get("/openapi.json")
    document = msgspec.json.decode(await answer.get_data())
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    assert "#/components/schemas/LaneSpec" in known
    operation = document["paths"]["/runs"]["post"]
    assert set(operation["responses"]) == {"202", "default"}
    assert "limit" in {each["name"] for each in operation["parameters"]}
    assert operation["summary"] == "Say what it does."
