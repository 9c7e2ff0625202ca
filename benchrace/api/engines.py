"""Requests and answers about operations on engines."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput, NotFound
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import OperationStatus

# With a longer wait a lost link would be noticed late.
MAX_WAIT_S = 30.0


class OperationList(msgspec.Struct, frozen=True, kw_only=True):
    operations: tuple[OperationStatus, ...]


class FollowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The first event to give, and for how many seconds to wait for it."""

    since: Annotated[int, Meta(ge=0)] = 0
    wait_s: Annotated[float, Meta(ge=0, le=MAX_WAIT_S)] = 0.0


def named(operation: str) -> Operation:
    """Return the operation with that name; raises NotFound, or InvalidInput for a lend.

    Only a run lends a machine: nobody else follows a lend, and gives the machine back.
    """
    try:
        wanted = Operation(operation)
    except ValueError as error:
        names = ", ".join(member.value for member in Operation if member is not Operation.LEND)
        raise NotFound(f"unknown operation {operation[:40]!r}", f"Use one of: {names}.") from error
    if wanted is Operation.LEND:
        message = "only a run lends a machine: start one with this machine among a lane's workers"
        raise InvalidInput(FieldError("operation", message))
    return wanted
