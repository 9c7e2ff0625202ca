"""Requests and answers about operations on engines."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.protocol.operations import OperationStatus

# With a longer wait a lost link would be noticed late.
MAX_WAIT_S = 30.0


class OperationList(msgspec.Struct, frozen=True, kw_only=True):
    operations: tuple[OperationStatus, ...]


class FollowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The first event to give, and for how many seconds to wait for it."""

    since: Annotated[int, Meta(ge=0)] = 0
    wait_s: Annotated[float, Meta(ge=0, le=MAX_WAIT_S)] = 0.0
