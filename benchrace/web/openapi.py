"""The OpenAPI document of a server, built from the Structs that its routes take and answer."""

from typing import Any

import msgspec
from quart import Quart
from quart_schema import Info, OpenAPIProvider, QuartSchema

from benchrace import __version__
from benchrace.api.errors import ProblemAnswer

REF = "#/components/schemas/{name}"


def install(app: Quart, title: str) -> None:
    """Serve `/openapi.json`; routes name their Structs by `quart_schema.document_*`."""
    QuartSchema(
        app,
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info=Info(title=title, version=__version__),
        conversion_preference="msgspec",
        openapi_provider_class=_Provider,
    )


class _Provider(OpenAPIProvider):
    """The library's own leaves out the definitions that a Struct refers to."""

    _document: dict[str, Any] | None = None

    def build_request_body(self, model: Any, source: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema(model)
        return {"content": {"application/json": {"schema": schema}}}, components

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema(model)
        described = (model.__doc__ or "").partition("\n")[0] or model.__name__
        content = {"application/json": {"schema": schema}}
        return {"content": content, "description": described}, components

    def build_querystring_parameters(
        self, model: Any
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        _, components = _schema(model)
        own = components.pop(model.__name__)
        return [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in own["properties"].items()
        ], components

    def schema(self) -> dict[str, Any]:
        """Build the document at its first request: it is the same for the life of a server."""
        if self._document is None:
            self._document = self._build()
        return self._document

    def _build(self) -> dict[str, Any]:
        """Add what every route may answer: a problem."""
        document = super().schema()
        problem, components = _schema(ProblemAnswer)
        document["components"]["schemas"].update(components)
        refused = {
            "description": "What is wrong, and what to do",
            "content": {"application/json": {"schema": problem}},
        }
        for path in document["paths"].values():
            for operation in path.values():
                responses = {
                    str(status): response for status, response in operation["responses"].items()
                }
                operation["responses"] = responses | {"default": refused}
        return document


def _schema(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    (schema,), components = msgspec.json.schema_components([model], ref_template=REF)
    return schema, dict(components)
