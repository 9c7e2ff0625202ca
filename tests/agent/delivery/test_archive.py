"""A job's archive: the folder of a run, with a manifest of all its files, without secrets."""

import hashlib
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest

from benchrace.agent.api.callbacks import _tar
from benchrace.agent.delivery import archive
from benchrace.agent.delivery.cleaning import without_secrets
from benchrace.agent.jobs.job import Job
from benchrace.central.runs.summaries import summary_of
from benchrace.events.envelope import Artifact, JobStart, RoundDone
from benchrace.events.measured import Verdict
from benchrace.events.payloads import (
    ArtifactPayload,
    JobStartPayload,
    LaneStart,
    RoundDonePayload,
)
from benchrace.redaction import SECRETS
from benchrace.store.run_folder import RunFolder
from tests.agent.delivery.jobs import CANCELLED, DONE, end, new_job, write

HIDDEN = "not a registered secret"
WORKFLOW = {"1": {"inputs": {"text": "x", "api_key": [HIDDEN]}}}


def artifact(job: Job, data: bytes, written: bytes | None = None) -> str:
    """Add a file to a job, and return its SHA-256; `written` is what the disk made of it."""
    sha256 = hashlib.sha256(data).hexdigest()
    folder = job.folder.path / "artifacts"
    folder.mkdir(exist_ok=True)
    (folder / sha256).write_bytes(data if written is None else written)
    payload = ArtifactPayload(
        name="cat.png", media_type="image/png", size=len(data), digest=f"sha256:{sha256}"
    )
    write(job, Artifact, payload)
    return sha256


def started(job: Job) -> None:
    payload = JobStartPayload(
        kind="work",
        lanes=(LaneStart(lane_id="lane-0", label="one", backend="fake", params=PARAMS),),
        planned_rounds=1,
        monotonic_ns=0,
        boot_id=None,
        pid=1,
        version="1",
    )
    write(job, JobStart, payload)
    record = {"workflow_sha256": "none", "prompt_tokens": 7, "password": {"inner": HIDDEN}}
    done = RoundDonePayload(
        warmup=False,
        heat=None,
        elapsed_ns=1,
        record=record,
        measured=(),
        verdict=Verdict(),
        metrics_version=1,
    )
    write(job, RoundDone, done)


PARAMS = {"workflow": WORKFLOW, "api_key": HIDDEN, "output_tokens": 64}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return new_job(tmp_path / "jobs", params=PARAMS)


async def tarred(job: Job, manifest: archive.Manifest) -> bytes:
    return b"".join([piece async for piece in _tar(job.folder.archive, manifest)])


def test_an_archive_is_a_run_with_a_manifest_and_without_secrets(job: Job, tmp_path: Path) -> None:
    started(job)
    sha256 = artifact(job, b"the bytes of cat.png")
    manifest = archive.build(job.folder, job.record, end(job, DONE))
    assert manifest is not None
    data = anyio.run(tarred, job, manifest)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        contents = {name: tar.extractfile(name) for name in tar.getnames()}
        files = {
            name.removeprefix(f"{manifest.run_id}/"): file.read()
            for name, file in contents.items()
            if file is not None
        }
    assert list(files)[-1] == "manifest.json"
    listed = json.loads(files.pop("manifest.json"))["files"]
    assert {entry["path"]: (entry["size"], entry["sha256"]) for entry in listed} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()
    }
    names = ("metadata", "summary", "parameters", "workflow")
    assert set(files) == {
        *(f"{name}.json" for name in names),
        "events.ndjson",
        f"artifacts/{sha256}",
    }
    assert not [name for name, data in files.items() if HIDDEN.encode() in data]
    events = [json.loads(line) for line in files["events.ndjson"].splitlines()]
    kinds = ["job_start", "round_done", "artifact", "job_done"]
    assert [event["type"] for event in events] == kinds
    # Everything else is unchanged.
    assert events[0]["payload"]["lanes"][0]["params"]["output_tokens"] == 64
    assert events[1]["payload"]["record"]["prompt_tokens"] == 7
    metadata = json.loads(files["metadata.json"])
    assert (metadata["state"], metadata["lanes"][0]["job_id"]) == ("done", job.job_id)
    assert metadata["workloads"]["fake"]["params_schema"]["properties"]["n"]
    # A central can read it.
    runs = tmp_path / "runs"
    runs.mkdir()
    job.folder.archive.rename(runs / manifest.run_id)
    run = RunFolder.open(runs, manifest.run_id)
    run.summary_path.unlink()
    assert summary_of(run).lanes[0].lane_id == "lane-0"


def test_a_cancelled_job_has_one_too(job: Job) -> None:
    archive.build(job.folder, job.record, end(job, CANCELLED))
    metadata = json.loads((job.folder.archive / "metadata.json").read_bytes())
    assert metadata["state"] == "cancelled"


def test_a_damaged_artifact_is_left_out(job: Job) -> None:
    artifact(job, b"the bytes of cat.png", written=b"the bytes")
    manifest = archive.build(job.folder, job.record, end(job))
    assert manifest is not None
    assert not [file for file in manifest.files if file.path.startswith("artifacts/")]


def test_two_at_once_build_one(job: Job) -> None:
    artifact(job, bytes(1 << 20))
    line = end(job)
    with ThreadPoolExecutor(4) as threads:
        built = list(threads.map(lambda _: archive.build(job.folder, job.record, line), range(4)))
    assert built[0] is not None
    assert built == [built[0]] * 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"api_key": "x", "seed": 1}, {"api_key": "[redacted]", "seed": 1}),
        (
            {"nodes": [{"token": "x"}, {"max_tokens": 5}]},
            {"nodes": [{"token": "[redacted]"}, {"max_tokens": 5}]},
        ),
        ({"password": 1234}, {"password": "[redacted]"}),
        ({"api_keys": ["x"]}, {"api_keys": "[redacted]"}),
        ({"auth": {"user": "x"}}, {"auth": "[redacted]"}),
        ({"auth": None, "token": "", "key": True}, {"auth": None, "token": "", "key": True}),
        ({"tokens": [3, 4], "bytes_per_token": 2}, {"tokens": [3, 4], "bytes_per_token": 2}),
        ({"params_schema": {"token": {"type": "string"}}}, None),
        (["Authorization: Bearer abc.def123"], ["Authorization: Bearer [redacted]"]),
        ({"url": "s3://user:password@host/a"}, {"url": "s3://[redacted]@host/a"}),
    ],
)
def test_secrets_are_removed_by_name_and_by_form(value: Any, expected: Any) -> None:
    assert without_secrets(value) == (value if expected is None else expected)


def test_registered_secrets_are_removed_wherever_they_are() -> None:
    SECRETS.add("correct horse battery")
    assert without_secrets({"prompt": "say correct horse battery"}) == {"prompt": "say [redacted]"}
