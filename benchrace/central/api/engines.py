"""Operations on the fleet's engines over HTTP."""

from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace.api import decoding
from benchrace.api.engines import FollowQuery, named
from benchrace.central.api.route_context import RouteContext
from benchrace.central.fleet.engines import Engines
from benchrace.protocol.operations import FollowAsk, OperationRequest, OperationStatus
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""
    engines = Engines(site.central.fleet)

    @app.post("/api/machines/<machine_id>/backends/<name>/<operation>")
    @document_request(OperationRequest)
    @document_response(OperationStatus, 202)
    async def operate(machine_id: str, name: str, operation: str) -> Response:
        """Reset, start, stop, unload, pull or sync an engine; 409 while its machine measures."""
        operation_request = await body.read(request, OperationRequest)
        status = await engines.operate(machine_id, name, named(operation), operation_request)
        return answer(status, 202)

    @app.get("/api/machines/<machine_id>/operations/<operation_id>")
    @document_querystring(FollowQuery)
    @document_response(OperationStatus)
    async def follow_operation(machine_id: str, operation_id: str) -> Response:
        """Return an operation's status and events; with `wait_s`, waits for something new."""
        query = decoding.query(request.args.to_dict(), FollowQuery)
        follow = FollowAsk(operation_id=operation_id, since=query.since, wait_s=query.wait_s)
        return answer(await engines.follow(machine_id, follow))

    @app.post("/api/machines/<machine_id>/operations/<operation_id>/cancel")
    @document_response(OperationStatus)
    async def cancel_operation(machine_id: str, operation_id: str) -> Response:
        """End an operation."""
        follow = FollowAsk(operation_id=operation_id, cancel=True)
        return answer(await engines.follow(machine_id, follow))
