"""A file that a round produced, as an event names it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.ids import JobId, LaneId, MachineId, Name, Sha256

# A run of hundreds of rounds with a file each; what names more has gone wild.
MAX_ARTIFACTS = 2000


class RunArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and `sha256` are safe as file names, `media_type` is what its author declares.

    `size` is in bytes. Lane and round are null for what was made outside of a round.
    """

    name: Name
    media_type: str
    size: Annotated[int, Meta(ge=0)]
    sha256: Sha256
    job_id: JobId
    machine_id: MachineId
    lane_id: LaneId | None
    round: Annotated[int, Meta(ge=0)] | None
