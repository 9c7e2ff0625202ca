"""Operations on this machine's engines over HTTP."""

from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace.agent.agent import Agent
from benchrace.agent.link.link_operations import follow
from benchrace.api import decoding
from benchrace.api.engines import FollowQuery, OperationList, named
from benchrace.protocol.operations import FollowAsk, OperationRequest, OperationStatus
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, agent: Agent) -> None:
    """Add the routes."""

    @app.post("/api/v1/backends/<name>/<operation>", endpoint="operate")
    @document_request(OperationRequest)
    @document_response(OperationStatus, 202)
    async def operate(name: str, operation: str) -> Response:
        """Reset, start, stop, unload, pull or sync a backend's engine; 409 while a job measures."""
        operation_request = await body.read(request, OperationRequest)
        running = await agent.operations.start(name, named(operation), operation_request)
        return answer(running.status(), 202)

    @app.get("/api/v1/operations", endpoint="list_operations")
    @document_response(OperationList)
    async def list_operations() -> Response:
        """List the latest operations, without their events."""
        statuses = (operation.status(since=1 << 62) for operation in agent.operations.all())
        return answer(OperationList(operations=tuple(statuses)))

    @app.get("/api/v1/operations/<operation_id>", endpoint="follow_operation")
    @document_querystring(FollowQuery)
    @document_response(OperationStatus)
    async def follow_operation(operation_id: str) -> Response:
        """Return an operation's status and events; with `wait_s`, waits for something new."""
        query = decoding.query(request.args.to_dict(), FollowQuery)
        ask = FollowAsk(operation_id=operation_id, since=query.since, wait_s=query.wait_s)
        return answer(await follow(agent.operations, ask))

    @app.post("/api/v1/operations/<operation_id>/cancel", endpoint="cancel_operation")
    @document_response(OperationStatus)
    async def cancel_operation(operation_id: str) -> Response:
        """End an operation; the process that does it is killed."""
        ask = FollowAsk(operation_id=operation_id, cancel=True)
        return answer(await follow(agent.operations, ask))
