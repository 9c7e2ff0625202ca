"""Central's requests about this machine's engines, over the link."""

from benchrace.agent.engines.operations import Operations
from benchrace.agent.engines.reset_all import reset_all
from benchrace.api.engines import MAX_WAIT_S
from benchrace.errors import FieldError, InvalidInput
from benchrace.protocol.agent_central import Ask
from benchrace.protocol.operations import FollowAsk, OperationStatus, ResetAll


async def answer_ask(operations: Operations, ask: Ask) -> OperationStatus | ResetAll:
    """Answer `operate`, `follow` and `reset`; raises what the operations raise."""
    if ask.what == "reset":
        return await reset_all(operations)
    if ask.operate is not None:
        operate = ask.operate
        return (
            await operations.start(operate.backend, operate.operation, operate.request)
        ).status()
    if ask.follow is not None:
        # Central alone keeps a lend alive: a person who looks at it does not.
        running = operations.named(ask.follow.operation_id)
        running.note_follower()
        status = await follow(operations, ask.follow)
        running.note_follower()
        return status
    raise InvalidInput(FieldError(ask.what, "is missing"), "Update central.")


async def follow(operations: Operations, request: FollowAsk) -> OperationStatus:
    """Return an operation's status once there is something new; raises NotFound."""
    running = operations.named(request.operation_id)
    if request.cancel:
        running.cancel()
        await running.ended()
    else:
        await running.news(request.since, min(request.wait_s, MAX_WAIT_S))
    return running.status(request.since)
