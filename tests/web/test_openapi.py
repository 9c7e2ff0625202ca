"""Every reference of the document leads somewhere."""

from collections.abc import Iterator
from typing import Any

import msgspec
from quart import Quart
from quart_schema import document_querystring, document_request, document_response

from benchrace.run.document import RunDocument
from benchrace.run.spec import RunSpec
from benchrace.store.query import Query
from benchrace.web import openapi


def references(value: Any) -> Iterator[str]:
    match value:
        case dict():
            if isinstance(result := value.get("$ref"), str):
                yield result
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)


async def test_the_document_is_whole() -> None:
    app = Quart("documented")
    openapi.install(app, "documented")

    @app.post("/runs")
    @document_querystring(Query)
    @document_request(RunSpec)
    @document_response(RunDocument, 202)
    async def runs() -> str:
        """Return what it does."""
        return ""

    answer = await app.test_client().get("/openapi.json")
    document = msgspec.json.decode(await answer.get_data())
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= schemas
    assert "#/components/schemas/LaneSpec" in schemas
    operation = document["paths"]["/runs"]["post"]
    assert set(operation["responses"]) == {"202", "default"}
    assert "limit" in {parameter["name"] for parameter in operation["parameters"]}
    assert operation["summary"] == "Return what it does."
