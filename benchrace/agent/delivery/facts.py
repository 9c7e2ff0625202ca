"""What a job's journal says about its files and parameters."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchrace.agent.jobs.job_folder import JobFolder
from benchrace.errors import BenchraceError
from benchrace.events import codec
from benchrace.events.envelope import Artifact, JobStart, Known, RoundDone, Unknown
from benchrace.events.payloads import ArtifactPayload
from benchrace.store import regular

_READ = frozenset({"artifact", "job_start", "round_done"})


class Facts(msgspec.Struct, kw_only=True):
    """What a job's journal says about its files and parameters."""

    artifacts: list[ArtifactPayload]
    params: dict[str, Any] | None = None
    workflow_sha256: str | None = None


def facts(folder: JobFolder) -> Facts:
    """Read a job's artifacts, parameters and workflow from its journal. Blocks."""
    read = Facts(artifacts=[])
    for line in lines(folder.work):
        match _decoded(line):
            case Artifact(payload=payload):
                read.artifacts.append(payload)
            case JobStart(payload=payload) if payload.lanes:
                read.params = payload.lanes[0].params
            case RoundDone(payload=payload) if payload.record:
                sha256 = payload.record.get("workflow_sha256")
                read.workflow_sha256 = sha256 if isinstance(sha256, str) else read.workflow_sha256
            case _:
                pass
    return read


def _decoded(line: bytes) -> Known | Unknown | None:
    """Decode an event that is looked at; None for others, and for what cannot be read."""
    try:
        return codec.decode(line) if codec.head(line).type in _READ else None
    except (msgspec.DecodeError, BenchraceError):
        return None


def lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a journal, none where there is none. Blocks."""
    try:
        fd = regular.open_regular(path)
    except FileNotFoundError:
        return
    with os.fdopen(fd, "rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))
