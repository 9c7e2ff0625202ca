"""A job's archive: its run's folder, the applied workflow and parameters, and a manifest."""

import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Any

import msgspec

from benchrace import permissions, structs
from benchrace.agent.delivery.cleaning import without_secrets
from benchrace.agent.delivery.facts import Facts, facts, lines
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.terminal_event import is_terminal
from benchrace.errors import BenchraceError, Failure
from benchrace.events import codec
from benchrace.events.envelope import (
    JobError,
    JobTimeout,
)
from benchrace.ids import is_sha256
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.store import atomic, regular
from benchrace.store.artifacts import FOLDER as ARTIFACTS
from benchrace.store.run_folder import EVENTS, RunFolder

log = logging.getLogger(__name__)
MANIFEST = "manifest.json"
PARAMETERS = "parameters.json"
WORKFLOW = "workflow.json"
_STATES = {
    "job_done": RunState.DONE,
    "job_error": RunState.FAILED,
    "job_timeout": RunState.FAILED,
    "job_cancelled": RunState.CANCELLED,
}
_WITH_PARAMETERS = frozenset({"job_start", "round_done"})
_CHUNK = 1 << 20
_one_by_one = threading.Lock()


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an archive; `path` is below its folder, `size` in bytes."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: every other file of the archive."""

    job_id: str
    run_id: str
    created_at: float
    version: str
    files: tuple[ArchivedFile, ...]


class _Stamp(msgspec.Struct, frozen=True):
    t_ns: int


_stamp = structs.decoder(_Stamp)


def build(folder: JobFolder, record: JobRecord, end: bytes) -> Manifest | None:
    """Build the archive of a finished job unless it is there; None where it has none. Blocks.

    Raises nothing: a job is over whether its archive can be written or not.
    """
    try:
        # Whoever comes second finds it there.
        with _one_by_one:
            if (present := read_manifest(folder)) is not None:
                return present
            metadata = folder.metadata()
            return None if metadata is None else _build(folder, record, metadata, end)
    except Exception as error:
        log.warning("job %s has no archive", folder.job_id, exc_info=error)
        return None


def read_manifest(folder: JobFolder) -> Manifest | None:
    """Read the manifest of an archive that is there; None where it is not. Blocks."""
    try:
        data = regular.read(folder.archive / MANIFEST)
    except OSError:
        return None
    try:
        return structs.decode(data, Manifest)
    except msgspec.DecodeError:
        return None


def _build(folder: JobFolder, record: JobRecord, metadata: RunMetadata, end: bytes) -> Manifest:
    partial = folder.archive.with_name(".archive")
    shutil.rmtree(partial, ignore_errors=True)
    permissions.make_folder(partial / ARTIFACTS)
    read = facts(folder)
    final = _final(metadata, record, end)
    _write_events(folder, partial / EVENTS)
    run = RunFolder(partial, final)
    run.save(final)
    _summarise(run)
    params = read.params or record.spec.lanes[0].params
    _write(partial / PARAMETERS, without_secrets(params))
    _link_artifacts(folder, partial, read)
    workflow = _workflow(folder, params, read)
    if workflow is not None:
        _write(partial / WORKFLOW, without_secrets(workflow))
    manifest = Manifest(
        job_id=folder.job_id,
        run_id=final.run_id,
        created_at=final.ended_at or record.accepted_at,
        version=record.version,
        files=tuple(_described(partial)),
    )
    _write(partial / MANIFEST, msgspec.to_builtins(manifest))
    atomic.sync_folder(partial / ARTIFACTS)
    atomic.sync_folder(partial)
    partial.rename(folder.archive)
    atomic.sync_folder(folder.path)
    return manifest


def _final(metadata: RunMetadata, record: JobRecord, end: bytes) -> RunMetadata:
    """Return the metadata of the run that the job was, once it is over."""
    event = codec.decode(end)
    failure = None
    match event:
        case JobError(payload=payload) | JobTimeout(payload=payload):
            failure = Failure(
                category=payload.category, message=payload.message, remedy=payload.remedy
            )
        case _:
            pass
    whole = msgspec.structs.replace(
        metadata,
        state=_STATES.get(codec.head(end).type, RunState.FAILED),
        started_at=record.accepted_at,
        ended_at=event.timestamp_s,
        failure=failure,
    )
    return structs.convert(without_secrets(msgspec.to_builtins(whole)), RunMetadata)


def _summarise(run: RunFolder) -> None:
    from benchrace.stats import Fold

    fold = Fold(run.metadata)
    with run.log_path.open("rb") as file:
        while lines := file.read(_CHUNK):
            fold.feed(lines)
    run.save_summary(fold.summary())


def _write_events(folder: JobFolder, path: Path) -> None:
    """Write both streams of the job as one log, the last event last."""
    end = b""
    with open(path, "wb", opener=permissions.opener) as file:
        streams = (lines(folder.work), lines(folder.agent))
        for line in merge(*streams, key=_t_ns):
            if not end and is_terminal(line):
                end = line
            else:
                file.write(_cleaned(line))
        file.write(end)
        file.flush()
        os.fsync(file.fileno())


def _cleaned(line: bytes) -> bytes:
    """Return an event without secrets where it repeats parameters, else as it is."""
    try:
        kind = codec.head(line).type
    except (msgspec.DecodeError, BenchraceError):
        return line
    if kind not in _WITH_PARAMETERS:
        return line
    event = msgspec.json.decode(line)
    payload = event["payload"]
    if kind == "job_start":
        event["payload"] = without_secrets(payload)
    else:
        payload["record"] = without_secrets(payload["record"])
    return msgspec.json.encode(event) + b"\n"


def _t_ns(line: bytes) -> int:
    try:
        return _stamp.decode(line).t_ns
    except msgspec.DecodeError:
        return 0


def _link_artifacts(folder: JobFolder, archive: Path, read: Facts) -> None:
    for artifact in read.artifacts:
        sha256 = artifact.digest.removeprefix("sha256:")
        source = folder.path / ARTIFACTS / sha256
        copy = archive / ARTIFACTS / sha256
        if not is_sha256(sha256) or copy.exists() or not _is_whole(source, sha256):
            continue
        try:
            os.link(source, copy)
        except OSError:
            # Not every file system has a second name for a file.
            shutil.copyfile(source, copy)


def _is_whole(source: Path, sha256: str) -> bool:
    """Check that a file is what its event says, and sync it."""
    try:
        with os.fdopen(regular.open_regular(source), "rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        log.warning("%s is not archived: %s", source, error)
        return False
    if digest != sha256:
        log.warning("%s is not archived: its SHA-256 is %s", source, digest)
    return digest == sha256


def _workflow(folder: JobFolder, params: dict[str, Any], read: Facts) -> Any:
    """Return the workflow as it was applied, else as it was sent; None for other work."""
    sha256 = read.workflow_sha256
    if sha256 is not None and is_sha256(sha256):
        try:
            return msgspec.json.decode(regular.read(folder.path / ARTIFACTS / sha256))
        except (OSError, msgspec.DecodeError) as error:
            log.warning("job %s: no applied workflow: %s", folder.job_id, error)
    workflow = params.get("workflow")
    return workflow if isinstance(workflow, dict) else None


def _described(archive: Path) -> Iterator[ArchivedFile]:
    for path in sorted(archive.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(archive).as_posix()
        # Those were computed before they were linked.
        sha256 = path.name if path.parent.name == ARTIFACTS else _sha256(path)
        yield ArchivedFile(path=name, size=path.stat().st_size, sha256=sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, value: Any) -> None:
    atomic.write(path, msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
