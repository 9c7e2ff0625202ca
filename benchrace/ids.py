"""Names of things: what they look like, how new ones are made, and which are safe as paths."""

import re
import secrets
import time
from typing import NewType

MachineId = NewType("MachineId", str)
RunId = NewType("RunId", str)
JobId = NewType("JobId", str)
LaneId = NewType("LaneId", str)

_RUN = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}_[0-9a-f]{6}", re.ASCII)
_JOB = re.compile(r"j[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def new_run_id(wall_s: float) -> RunId:
    """Make `YYYY-MM-DD_HHMMSS_6hex` from the local wall time, so that folders sort by date."""
    stamp = time.strftime("%Y-%m-%d_%H%M%S", time.localtime(wall_s))
    return RunId(f"{stamp}_{secrets.token_hex(3)}")


def new_job_id() -> JobId:
    """Make `j` and 16 hex digits; one attempt has one, a new attempt is a new job."""
    return JobId("j" + secrets.token_hex(8))


def lane_id(index: int) -> LaneId:
    """Name the lane at `index` (from 0) of its run: `lane-0`, `lane-1`, ..."""
    return LaneId(f"lane-{index}")


def is_run_id(text: str) -> bool:
    """Tell whether `text` can name a run, and so a folder."""
    return _RUN.fullmatch(text) is not None


def is_job_id(text: str) -> bool:
    """Tell whether `text` can name a job, and so a folder."""
    return _JOB.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Tell whether `text` can be a SHA-256 in hex, and so name a file."""
    return _SHA256.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Tell whether `text` can name a machine, a backend or a plugin: 1-64 of `A-Za-z0-9._-`."""
    return _NAME.fullmatch(text) is not None
