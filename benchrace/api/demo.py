"""The request and the answer of a demo race."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.ids import RunId

MAX_MACHINES = 64
MACHINES = 8


class DemoRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many simulated machines race."""

    machines: Annotated[int, Meta(ge=1, le=MAX_MACHINES)] = MACHINES


class DemoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The run of the demo, and its machines."""

    run_id: RunId
    machine_ids: tuple[str, ...]
