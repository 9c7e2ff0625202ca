"""Ids and names: their formats, how new ones are created, and which are safe as paths.

The types are checked where a message, an answer or a file is decoded: whatever comes from another
process and becomes part of a path has one of them. Structs made in this process are not checked.
"""

import os
import re
import time
from typing import Annotated

from msgspec import Meta

_RUN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{6}_[0-9a-f]{6}"
_JOB = r"j[0-9a-f]{16}"
_SHA256 = r"[0-9a-f]{64}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def _only(pattern: str) -> Meta:
    # A pattern is searched for, not matched, and `$` alone would let a final newline pass.
    return Meta(pattern=rf"^{pattern}$(?!\n)")


def in_words(error: Exception) -> str:
    """Return a decoder's message without the pattern that an id did not match."""
    return re.sub(
        r"Expected `str` matching regex '.*'(?= - at |$)", "invalid name or id", str(error)
    )


RunId = Annotated[str, _only(_RUN)]
JobId = Annotated[str, _only(_JOB)]
Sha256 = Annotated[str, _only(_SHA256)]
Name = Annotated[str, _only(_NAME)]
MachineId = Name
LaneId = Name


def new_run_id(wall_s: float) -> RunId:
    """Create `YYYY-MM-DD_HHMMSS_6hex` in UTC: folders sort by time, also when clocks go back."""
    stamp = time.strftime("%Y-%m-%d_%H%M%S", time.gmtime(wall_s))
    return f"{stamp}_{os.urandom(3).hex()}"


def new_job_id() -> JobId:
    """Create `j` and 16 hex digits; one attempt has one, a new attempt is a new job."""
    return "j" + os.urandom(8).hex()


def lane_id(index: int) -> LaneId:
    """Return the id of the lane at `index` (from 0) of its run: `lane-0`, `lane-1`, ..."""
    return f"lane-{index}"


def is_run_id(text: str) -> bool:
    """Check whether `text` can name a run, and so a folder."""
    return re.fullmatch(_RUN, text) is not None


def is_job_id(text: str) -> bool:
    """Check whether `text` can name a job, and so a folder."""
    return re.fullmatch(_JOB, text) is not None


def is_sha256(text: str) -> bool:
    """Check whether `text` can be a SHA-256 in hex, and so name a file."""
    return re.fullmatch(_SHA256, text) is not None


def is_name(text: str) -> bool:
    """Check whether `text` can name a machine, a backend or a plugin: 1-64 of `A-Za-z0-9._-`."""
    return re.fullmatch(_NAME, text) is not None
