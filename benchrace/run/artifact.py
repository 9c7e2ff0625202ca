"""A file that a round made, as an event names it."""

import msgspec

# A run of hundreds of rounds with a file each; what names more has gone wild.
MOST_ARTIFACTS = 2000


class RunArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """`name` and `sha256` are safe as names of files, `media_type` is what its maker says of it.

    `size` is in bytes. Lane and round are null for what was made outside of a round.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    job_id: str
    machine_id: str
    lane_id: str | None
    round: int | None
