"""Operations on this machine's engines over HTTP."""

from typing import Annotated

import msgspec
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace.agent.agent import Agent
from benchrace.agent.answer import answer
from benchrace.agent.operating import MOST_WAIT_S, followed
from benchrace.errors import NotFound
from benchrace.link.operations import FollowAsk, OperationRequest, OperationStatus
from benchrace.plugin.operations import Operation
from benchrace.web import body


class OperationList(msgspec.Struct, frozen=True, kw_only=True):
    operations: tuple[OperationStatus, ...]


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """The first event to give, and for how many seconds to wait for it."""

    since: Annotated[int, Meta(ge=0)] = 0
    wait_s: Annotated[float, Meta(ge=0, le=MOST_WAIT_S)] = 0.0


def install(app: Quart, agent: Agent) -> None:
    """Add the routes."""

    @app.post("/api/v1/backends/<name>/<operation>", endpoint="operate")
    @document_request(OperationRequest)
    @document_response(OperationStatus, 202)
    async def operate(name: str, operation: str) -> Response:
        """Reset, start, stop, unload, pull or sync a backend's engine; 409 while a job measures."""
        asked = await body.read(request, OperationRequest)
        running = await agent.operations.start(name, named(operation), asked)
        return answer(running.status(), 202)

    @app.get("/api/v1/operations", endpoint="list_operations")
    @document_response(OperationList)
    async def list_operations() -> Response:
        """List the latest operations, without their events."""
        known = (each.status(since=1 << 62) for each in agent.operations.all())
        return answer(OperationList(operations=tuple(known)))

    @app.get("/api/v1/operations/<operation_id>", endpoint="follow_operation")
    @document_querystring(Following)
    @document_response(OperationStatus)
    async def follow_operation(operation_id: str) -> Response:
        """Say how an operation stands, with its events; waits for something new if asked to."""
        asked = body.query(request.args.to_dict(), Following)
        follow = FollowAsk(operation_id=operation_id, since=asked.since, wait_s=asked.wait_s)
        return answer(await followed(agent.operations, follow))

    @app.post("/api/v1/operations/<operation_id>/cancel", endpoint="cancel_operation")
    @document_response(OperationStatus)
    async def cancel_operation(operation_id: str) -> Response:
        """End an operation; the process that does it is killed."""
        follow = FollowAsk(operation_id=operation_id, cancel=True)
        return answer(await followed(agent.operations, follow))


def named(operation: str) -> Operation:
    """Give the operation of that name; raises NotFound."""
    try:
        return Operation(operation)
    except ValueError as error:
        known = ", ".join(each.value for each in Operation)
        raise NotFound(
            f"there is no operation {operation[:40]!r}", f"There are {known}."
        ) from error
