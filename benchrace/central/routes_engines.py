"""Operations on the fleet's engines over HTTP."""

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace.central.engines import Engines
from benchrace.central.site import Site, answer
from benchrace.errors import NotFound
from benchrace.link.operations import FollowAsk, OperationRequest, OperationStatus
from benchrace.plugin.operations import Operation
from benchrace.web import body


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """The first event to give, and for how many seconds to wait for it."""

    since: Annotated[int, Meta(ge=0)] = 0
    wait_s: Annotated[float, Meta(ge=0, le=30)] = 0.0


def install(app: Quart, site: Site) -> None:
    """Add the routes."""
    engines = Engines(site.central.fleet)

    @app.post("/api/machines/<machine_id>/backends/<name>/<operation>")
    @document_request(OperationRequest)
    @document_response(OperationStatus, 202)
    async def operate(machine_id: str, name: str, operation: str) -> Response:
        """Reset, start, stop, unload, pull or sync an engine; 409 while its machine measures."""
        asked = await body.read(request, OperationRequest)
        status = await engines.operate(machine_id, name, _named(operation), asked)
        return answer(status, 202)

    @app.get("/api/machines/<machine_id>/operations/<operation_id>")
    @document_querystring(Following)
    @document_response(OperationStatus)
    async def follow_operation(machine_id: str, operation_id: str) -> Response:
        """Say how an operation stands, with its events; waits for something new if asked to."""
        asked = body.query(request.args.to_dict(), Following)
        follow = FollowAsk(operation_id=operation_id, since=asked.since, wait_s=asked.wait_s)
        return answer(await engines.follow(machine_id, follow))

    @app.post("/api/machines/<machine_id>/operations/<operation_id>/cancel")
    @document_response(OperationStatus)
    async def cancel_operation(machine_id: str, operation_id: str) -> Response:
        """End an operation."""
        follow = FollowAsk(operation_id=operation_id, cancel=True)
        return answer(await engines.follow(machine_id, follow))


def _named(operation: str) -> Operation:
    try:
        return Operation(operation)
    except ValueError as error:
        known = ", ".join(each.value for each in Operation)
        message = f"there is no operation {operation[:40]!r}"
        raise NotFound(message, f"There are {known}.") from error
