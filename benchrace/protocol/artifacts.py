"""Transfer of a file over the link: central requests one piece after the other.

Only one piece of a machine is ever under way, so events never wait for more than that.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.ids import JobId, Sha256

# As text in a message it has 256 KiB.
PIECE_BYTES = 192 * 1024


class ArtifactAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for up to `limit` bytes of a job's file from `offset` on."""

    job_id: JobId
    sha256: Sha256
    offset: Annotated[int, Meta(ge=0)]
    limit: Annotated[int, Meta(ge=1, le=PIECE_BYTES)] = PIECE_BYTES


class ArtifactPiece(msgspec.Struct, frozen=True, kw_only=True):
    """`data` is empty where the file has ended; on the wire it is base64."""

    data: bytes
