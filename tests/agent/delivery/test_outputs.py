"""A job's files on their way to a bucket: before its end is told, through failures and kills."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from benchrace.agent.delivery.forms import native
from benchrace.agent.delivery.queue import Queue, Queued
from benchrace.agent.jobs.job import Job
from benchrace.compat.envelope.callbacks import envelope_form
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.outbox import DeliveryState, Outbox
from benchrace.delivery.url_policy import UrlPolicy
from benchrace.run.states import JobPhase
from tests.agent.conftest import StartAgent, wait_for
from tests.agent.delivery.jobs import FAILED, WALL_S, finished
from tests.bucket import ENVIRON, Bucket
from tests.receiver import Receiver

POLICY = UrlPolicy(("127.0.0.1",), None)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.sqlite")
    yield opened
    opened.close()


def settle(outbox: Outbox, job: Job, *states: DeliveryState) -> None:
    """Note the outcome of each upload of a job."""
    uploads = [one for one in outbox.of(job.job_id) if one.event == "job.output"]
    for upload, state in zip(uploads, states, strict=True):
        outbox.tried(upload, state, WALL_S, status=None, reason=f"it was {state}")


def test_the_end_is_told_once_every_file_is_uploaded(tmp_path: Path, outbox: Outbox) -> None:
    job = finished(tmp_path, ("cat.png", b"1"), ("cat.png", b"2"), ("cat.png", b"1"))
    queue = Queue(outbox, POLICY, native)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(2, waits=True)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(0, waits=True)
    base = f"s3://out/flows/{job.job_id}"
    second = hashlib.sha256(b"2").hexdigest()
    urls = [one.url for one in outbox.of(job.job_id)]
    assert urls == [f"{base}/cat.png", f"{base}/cat-{second[:16]}.png"]
    settle(outbox, job, DeliveryState.DELIVERED, DeliveryState.REFUSED)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(1)
    *_, completed = outbox.of(job.job_id)
    artifacts = msgspec.json.decode(completed.body)["artifacts"]
    assert [(one["url"], one["url_reason"]) for one in artifacts] == [
        (f"{base}/cat.png", None),
        (None, "it was refused"),
        (f"{base}/cat.png", None),
    ]
    # An agent that is started again finds all of it there.
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(0)


def test_the_older_form_names_bucket_and_key(tmp_path: Path, outbox: Outbox) -> None:
    job = finished(tmp_path, ("cat.png", b"1"))
    queue = Queue(outbox, POLICY, envelope_form)
    assert queue.add(job, JobPhase.DONE, WALL_S).waits
    settle(outbox, job, DeliveryState.DELIVERED)
    queue.add(job, JobPhase.DONE, WALL_S)
    (artifact,) = msgspec.json.decode(outbox.of(job.job_id)[-1].body)["artifacts"]
    key = f"flows/{job.job_id}/cat.png"
    assert (artifact["bucket"], artifact["key"]) == ("out", key)
    assert artifact["url"] == f"s3://out/{key}"


def test_nobody_has_to_be_told(tmp_path: Path, outbox: Outbox) -> None:
    job = finished(tmp_path, ("cat.png", b"1"), callbacks=Callbacks())
    queue = Queue(outbox, POLICY, native)
    assert queue.add(job, JobPhase.RUNNING, WALL_S) == Queued(0)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(1, waits=True)
    settle(outbox, job, DeliveryState.GIVEN_UP)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(0)


def test_files_of_a_job_that_failed_stay_on_its_machine(tmp_path: Path, outbox: Outbox) -> None:
    callbacks = Callbacks(failure="http://127.0.0.1/failed")
    job = finished(tmp_path, ("cat.png", b"1"), callbacks=callbacks, ending=FAILED)
    assert Queue(outbox, POLICY, native).add(job, JobPhase.FAILED, WALL_S) == Queued(1)
    assert [one.event for one in outbox.of(job.job_id)] == ["job.failed"]


def test_while_it_waits_nothing_of_a_job_is_read_again(
    tmp_path: Path, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = finished(tmp_path, ("cat.png", b"1"))
    queue = Queue(outbox, POLICY, native)
    assert queue.add(job, JobPhase.DONE, WALL_S).waits

    def refuse(*_: object) -> None:
        raise AssertionError("another job measures now")

    monkeypatch.setattr("benchrace.agent.delivery.outputs.facts", refuse)
    monkeypatch.setattr("benchrace.agent.delivery.archive.build", refuse)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(0, waits=True)


def test_files_of_a_job_that_was_removed_meanwhile_are_named(
    tmp_path: Path, outbox: Outbox
) -> None:
    job = finished(tmp_path, ("cat.png", b"1"))
    queue = Queue(outbox, POLICY, native)
    assert queue.add(job, JobPhase.DONE, WALL_S).waits
    # As where more jobs wait than the disk is to hold.
    job.folder.remove()
    settle(outbox, job, DeliveryState.REFUSED)
    assert queue.add(job, JobPhase.DONE, WALL_S) == Queued(1)
    (artifact,) = msgspec.json.decode(outbox.of(job.job_id)[-1].body)["artifacts"]
    assert artifact["name"] == "cat.png"
    assert artifact["size"] == 1
    assert (artifact["url"], artifact["url_reason"]) == (None, "it was refused")
    assert not job.folder.path.exists()


@pytest.mark.slow
def test_uploads_survive_a_store_that_fails_and_a_kill(
    start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    # Each try is two requests: the library of the store repeats one.
    with Bucket([500] * 100).running() as bucket:
        receiver = Receiver()
        settings = {
            "callbacks": {"allowed_hosts": ["127.0.0.1"]},
            "assets": {"s3": msgspec.to_builtins(bucket.config("out"))},
        }
        first = start_agent(**settings).started()
        job_id = first.act(
            *("phase:running", "artifact:cat.png", "done"),
            callbacks={"completion": f"{receiver.url}/completion"},
            output={"bucket": "out", "prefix": "flows"},
        )
        assert bucket.tried.wait(60)
        wait_for(lambda: first.get(f"/jobs/{job_id}")["callbacks"][0]["attempts"])
        first.kill()
        assert receiver.got == []
        bucket.answers.clear()
        second = start_agent(**settings).started()
        second.http.post("/api/v1/callbacks/retry", json={})
        (completed,) = receiver.wait(1)
        (artifact,) = completed.value["artifacts"]
        key = f"flows/{job_id}/cat.png"
        assert artifact["url"] == f"s3://out/{key}"
        data, media_type = bucket.objects[f"/out/{key}"]
        assert hashlib.sha256(data).hexdigest() == artifact["sha256"]
        assert (len(bucket.objects), media_type) == (1, artifact["media_type"])
        events = [one["event"] for one in second.get(f"/jobs/{job_id}")["callbacks"]]
        assert events == ["job.output", "job.completed"]
        refused = second.http.post(
            "/jobs",
            json={"kind": "acting", "params": {"acts": ["done"]}, "output": {"bucket": "other"}},
        )
        assert refused.status_code == 422, refused.text
        assert "output_buckets" in refused.text
        receiver.close()
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in completed.body.decode()
