"""What central asks of this machine's engines, over the link."""

from benchrace.agent.operations import Operations
from benchrace.errors import FieldError, InvalidInput
from benchrace.link.messages import Ask
from benchrace.link.operations import FollowAsk, OperationStatus, ResetAll

# Longer, and a link that is lost would be noticed late.
MOST_WAIT_S = 30.0


async def operated(operations: Operations, ask: Ask) -> OperationStatus | ResetAll:
    """Answer `operate`, `follow` and `reset`; raises what the operations raise."""
    if ask.what == "reset":
        return await operations.reset_all()
    if ask.operate is not None:
        asked = ask.operate
        return (await operations.start(asked.backend, asked.operation, asked.request)).status()
    if ask.follow is not None:
        return await followed(operations, ask.follow)
    raise InvalidInput(FieldError(ask.what, "is missing"), "Update central.")


async def followed(operations: Operations, asked: FollowAsk) -> OperationStatus:
    """Say how one stands, once there is something new; raises NotFound."""
    running = operations.named(asked.operation_id)
    if asked.cancel:
        running.scope.cancel()
        await running.ended()
    else:
        await running.news(asked.since, min(asked.wait_s, MOST_WAIT_S))
    return running.status(asked.since)
