"""The OpenAPI document of a server, made from the Structs that its routes take and answer."""

from typing import Any

import msgspec
from quart import Quart
from quart_schema import Info, OpenAPIProvider, QuartSchema

from benchrace import __version__
from benchrace.errors import Failure

REF = "#/components/schemas/{name}"


class ProblemAnswer(msgspec.Struct, frozen=True):
    """A failure: its category, what happened, what to do, and each bad field by its path."""

    error: Failure


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
        """Add what every route may answer: a problem."""
        made = super().schema()
        problem, components = _schema(ProblemAnswer)
        made["components"]["schemas"].update(components)
        refused = {
            "description": "What is wrong, and what to do",
            "content": {"application/json": {"schema": problem}},
        }
        for path in made["paths"].values():
            for operation in path.values():
                said = {str(status): each for status, each in operation["responses"].items()}
                operation["responses"] = said | {"default": refused}
        return made


def _schema(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    (schema,), components = msgspec.json.schema_components([model], ref_template=REF)
    return schema, dict(components)
