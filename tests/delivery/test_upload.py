"""Uploads to a store: where they may go, and what becomes of each answer."""

import builtins
import hashlib
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest

from benchrace.delivery.outbox import Delivery, DeliveryState
from benchrace.delivery.output import Output, UploadedFile
from benchrace.delivery.upload import Uploader, _digest
from benchrace.errors import BenchraceError, InvalidInput
from tests.bucket import ENVIRON, Bucket, upload_of

DATA = b"a picture" * 1000


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket().running() as running:
        yield running


def upload(folder: Path, **changes: Any) -> Delivery:
    """Return an upload of a file as it is in the outbox."""
    (folder / "file").write_bytes(DATA)
    fields = {"path": str(folder / "file"), "name": "cat.png", "media_type": "image/png"}
    file = UploadedFile(
        **{**fields, "sha256": hashlib.sha256(DATA).hexdigest(), "size": len(DATA), **changes}
    )
    return upload_of(Output(bucket="out", prefix="/a//b/").url("j1", "cat.png"), file)


async def test_a_file_arrives_with_its_type_under_its_key(bucket: Bucket, tmp_path: Path) -> None:
    uploader = Uploader(bucket.config("out"), ENVIRON)
    assert (await uploader.post(upload(tmp_path))).state is DeliveryState.DELIVERED
    assert bucket.objects == {"/out/a/b/j1/cat.png": (DATA, "image/png")}
    # The same upload again, as after a kill, changes nothing.
    assert (await uploader.post(upload(tmp_path))).state is DeliveryState.DELIVERED
    assert list(bucket.objects) == ["/out/a/b/j1/cat.png"]


@pytest.mark.parametrize(
    ("status", "state"), [(500, DeliveryState.PENDING), (403, DeliveryState.REFUSED)]
)
async def test_what_a_store_answers_is_tried_again_or_final(
    bucket: Bucket, tmp_path: Path, status: int, state: DeliveryState
) -> None:
    # The library of the store tries again by itself, once.
    bucket.answers = [status] * 2
    outcome = await Uploader(bucket.config("out"), ENVIRON).post(upload(tmp_path))
    assert outcome.state is state
    assert outcome.reason
    assert ENVIRON["AWS_SECRET_ACCESS_KEY"] not in outcome.reason


async def test_a_store_that_lost_bytes_gets_them_again(bucket: Bucket, tmp_path: Path) -> None:
    outcome = await Uploader(bucket.config("out"), ENVIRON).post(upload(tmp_path, size=1))
    assert outcome == (DeliveryState.PENDING, None, "the store has 9000 of 1 bytes", None)


async def test_a_file_that_is_not_the_job_s_is_not_sent(bucket: Bucket, tmp_path: Path) -> None:
    uploader = Uploader(bucket.config("out"), ENVIRON)
    for changes, text in (
        ({"sha256": "0" * 64}, "cat.png has changed"),
        ({"path": str(tmp_path / "none")}, "cat.png cannot be read"),
    ):
        outcome = await uploader.post(upload(tmp_path, **changes))
        assert outcome.state is DeliveryState.REFUSED
        assert text in (outcome.reason or "")
    assert bucket.writes == []


async def test_a_bucket_that_is_not_allowed_any_more_gets_nothing(
    bucket: Bucket, tmp_path: Path
) -> None:
    outcome = await Uploader(bucket.config("other"), ENVIRON).post(upload(tmp_path))
    assert outcome.state is DeliveryState.REFUSED
    assert bucket.writes == []


async def test_keys_that_are_missing_are_a_person_s_to_add(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(BenchraceError, match="the keys are missing"):
        await Uploader(bucket.config("out"), {}).post(upload(tmp_path))


def test_where_nothing_can_be_uploaded_the_job_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    Uploader(bucket.config("out"), ENVIRON).check(Output(bucket="out", prefix="a/b"))
    for uploader, output, text, remedy in (
        (Uploader(None, ENVIRON), Output(bucket="out"), "no S3-compatible store", "archive"),
        (
            Uploader(bucket.config(), ENVIRON),
            Output(bucket="out"),
            "uploads nothing to the bucket 'out'",
            "assets.s3.output_buckets",
        ),
        (
            Uploader(bucket.config("out"), ENVIRON),
            Output(bucket="out", prefix="a?b"),
            "invalid object",
            "s3://bucket/key",
        ),
        (
            Uploader(bucket.config("out"), {}),
            Output(bucket="out"),
            "AWS_ACCESS_KEY_ID",
            "credentials_file",
        ),
    ):
        with pytest.raises(InvalidInput, match=text) as raised:
            uploader.check(output)
        assert remedy in (raised.value.remedy or "")
    original = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("obstore"):
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InvalidInput, match="obstore") as raised:
        Uploader(bucket.config("out"), ENVIRON).check(Output(bucket="out"))
    assert [field.path for field in raised.value.fields] == ["output"]


@pytest.mark.parametrize("prefix", ["..", "a/../b", "./a"])
def test_a_prefix_that_no_store_takes_is_refused_with_the_job(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(InvalidInput, match=r"empty, '\.' or '\.\.'") as raised:
        Uploader(bucket.config("out"), ENVIRON).check(Output(bucket="out", prefix=prefix))
    assert [field.path for field in raised.value.fields] == ["output"]


async def test_a_request_that_cannot_be_made_is_not_repeated(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise ValueError("Could not parse path")

    monkeypatch.setattr("obstore.put_async", refuse)
    outcome = await Uploader(bucket.config("out"), ENVIRON).post(upload(tmp_path))
    assert outcome.state is DeliveryState.REFUSED
    assert outcome.reason == "the request cannot be made: Could not parse path"


async def test_a_slow_line_has_time_for_each_part(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Any, dict[str, Any]]] = []
    put = obstore.put_async

    async def note(store: Any, *args: Any, **options: Any) -> Any:
        calls.append((store.client_options, options))
        return await put(store, *args, **options)

    monkeypatch.setattr("obstore.put_async", note)
    assert (
        await Uploader(bucket.config("out"), ENVIRON).post(upload(tmp_path))
    ).state == "delivered"
    ((client, options),) = calls
    assert (client["read_timeout"], options["max_concurrency"]) == ("10m", 1)


def test_a_file_is_not_read_to_its_end_once_the_upload_is_stopped() -> None:
    stop = threading.Event()

    class File(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            stop.set()
            return super().read(size)

    file = File(bytes(3 << 20))
    _digest(file, stop)
    assert file.tell() == 1 << 20
