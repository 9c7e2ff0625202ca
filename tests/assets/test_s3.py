"""Objects of S3-compatible stores: in memory, and on real servers where they are installed."""

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import obstore
import pytest
from obstore.store import MemoryStore, S3Store

from benchrace.assets.sources.s3 import S3Source, buckets
from benchrace.config.assets.sources import S3Config
from benchrace.delivery.outbox import DeliveryState
from benchrace.delivery.output import Output, UploadedFile
from benchrace.delivery.upload import Uploader
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.plugin.assets import Asset
from benchrace.redaction import MARK, redact
from tests.assets import s3_server
from tests.assets.machine import DATA, DIGEST, Machine
from tests.assets.s3_server import BUCKET, KEY, SECRET, CuttingProxy
from tests.bucket import upload_of

pytestmark = pytest.mark.anyio
URL = f"s3://{BUCKET}/sdxl/base.safetensors"
ASSET = Asset(name="base.safetensors", url=URL)
ENVIRON = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def memory(machine: Machine) -> MemoryStore:
    store = MemoryStore()
    machine.source = lambda url: S3Source(url, lambda bucket: store)  # type: ignore[method-assign]
    return store


async def test_an_object_in_memory(machine: Machine, memory: MemoryStore) -> None:
    await obstore.put_async(memory, "sdxl/base.safetensors", DATA)
    stored = await machine.library().fetch(ASSET)
    assert (stored.sha256, stored.source) == (DIGEST, URL)
    assert machine.steps[-1] == (len(DATA), len(DATA))


async def test_a_range_only_of_the_same_version(memory: MemoryStore) -> None:
    await obstore.put_async(memory, "k", DATA)
    source = S3Source("s3://bucket/k", lambda bucket: memory)
    async with source.open(0, None) as body:
        version = body.validator
    async with source.open(1000, version) as body:
        rest = b"".join([chunk async for chunk in body.chunks])
        assert (body.start, body.total, rest) == (1000, len(DATA), DATA[1000:])
    await obstore.put_async(memory, "k", DATA[:5000])
    for offset in (1000, 9000):
        async with source.open(offset, version) as body:
            rest = b"".join([chunk async for chunk in body.chunks])
            assert (body.start, rest) == (0, DATA[:5000])


async def test_an_object_that_is_not_there(machine: Machine, memory: MemoryStore) -> None:
    with pytest.raises(BenchraceError) as raised:
        await machine.library().fetch(ASSET)
    assert raised.value.category is Category.MISSING_ASSET
    assert "no such object" in raised.value.message


def test_without_an_endpoint_it_is_amazons() -> None:
    store = buckets(S3Config(region="eu-west-1"), ENVIRON)(BUCKET)
    assert isinstance(store, S3Store)
    assert "endpoint" not in store.config
    # The store tells its settings as text.
    assert str(store.config["virtual_hosted_style_request"]) == "true"


def test_a_large_file_may_take_its_time_and_silence_may_not() -> None:
    store = buckets(S3Config(endpoint="http://127.0.0.1:1"), ENVIRON)(BUCKET)
    options = store.client_options
    assert (options["timeout"], options["read_timeout"]) == ("30days", "1m")


@pytest.mark.parametrize(
    "url",
    [
        *("s3://bucket", "s3://bucket/", "s3:///key", "s3://k:s@b/key", "s3://ab/key"),
        *("s3://evil.com\\/k", "s3://bucket/a\\b", "s3://bucket/a?b", "s3://bucket/a#b"),
        *("s3://b-1/a/../w.json", "s3://b-1/./w.json", "s3://b-1/a//w.json", "s3://b-1/a/"),
        *("s3://Bucket/key", "s3://bucket-/key", "s3://bucket/a\nb", "s3://bucket:9000/key"),
    ],
)
def test_invalid_objects(url: str) -> None:
    with pytest.raises(InvalidInput, match="invalid object"):
        S3Source(url, lambda bucket: None)


def test_keys_come_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "s3.toml"
    path.write_text(f'access_key_id = "{KEY}"\nsecret_access_key = "{SECRET}-file"\n')
    path.chmod(0o644)
    config = S3Config(endpoint="http://127.0.0.1:1", credentials_file=str(path))
    with pytest.raises(InvalidInput) as raised:
        buckets(config, {})("b")
    assert raised.value.remedy == f"Run: chmod 600 {path}"
    path.chmod(0o600)
    assert isinstance(buckets(config, {})("b"), S3Store)
    assert redact(f"a {SECRET}-file b") == f"a {MARK} b"
    path.write_text(f"secret_access_key = {SECRET}-broken")
    with pytest.raises(InvalidInput) as raised:
        buckets(config, {})("b")
    assert SECRET not in f"{raised.value.message} {raised.value.__cause__}"
    with pytest.raises(InvalidInput, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        buckets(S3Config(), {"AWS_ACCESS_KEY_ID": KEY})("b")


async def test_without_the_library_the_error_says_what_to_install(
    machine: Machine, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("obstore"):
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BenchraceError) as raised:
        await machine.library().fetch(ASSET)
    assert raised.value.remedy == "Install it with: pip install 'benchrace[s3]'"


SERVERS = s3_server.servers()


@pytest.fixture(params=["versitygw", "gofakes3"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CuttingProxy]:
    if request.param not in SERVERS:
        pytest.skip(f"{request.param} is not installed: run `make test-s3`")
    folder = tmp_path / "s3"
    with s3_server.running(request.param, SERVERS[request.param], folder) as url:
        proxy = CuttingProxy(urlsplit(url).port or 0)
        yield proxy
        proxy.close()


def config(proxy: CuttingProxy) -> S3Config:
    return S3Config(endpoint=f"http://127.0.0.1:{proxy.port}")


@pytest.mark.s3
async def test_a_round_trip_with_a_cut_in_the_middle(machine: Machine, proxy: CuttingProxy) -> None:
    stores = buckets(config(proxy), ENVIRON)
    await obstore.put_async(stores(BUCKET), "sdxl/base.safetensors", DATA)
    machine.source = lambda url: S3Source(url, stores)  # type: ignore[method-assign]
    proxy.requests.clear()
    proxy.cut_after = 1_500_000
    stored = await machine.library().fetch(ASSET)
    assert stored.sha256 == DIGEST
    assert machine.store.blob(DIGEST).read_bytes() == DATA
    sent = b"".join(proxy.requests).lower()
    # The library of the store, or the download, went on in the middle.
    assert b"range: bytes=" in sent
    assert SECRET.encode() not in sent
    assert proxy.cut_after is None


@pytest.mark.s3
async def test_wrong_keys_are_said_in_words_and_not_shown(
    machine: Machine, proxy: CuttingProxy, request: pytest.FixtureRequest
) -> None:
    if "gofakes3" in request.node.name:
        pytest.skip("gofakes3 checks no signature")
    stores = buckets(config(proxy), ENVIRON | {"AWS_SECRET_ACCESS_KEY": "wrong-secret-1234"})
    machine.source = lambda url: S3Source(url, stores)  # type: ignore[method-assign]
    with pytest.raises(BenchraceError) as raised:
        await machine.library().fetch(ASSET)
    assert raised.value.category is Category.MISSING_ASSET
    assert "the store refuses it" in raised.value.message
    assert "wrong-secret" not in f"{raised.value.message} {raised.value.remedy} {machine.lines}"


@pytest.mark.s3
async def test_what_is_uploaded_can_be_fetched(
    machine: Machine, proxy: CuttingProxy, tmp_path: Path
) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(DATA)
    file = UploadedFile(
        path=str(path), name="out.png", sha256=DIGEST, size=len(DATA), media_type="image/png"
    )
    url = Output(bucket=BUCKET, prefix="out").url("j1", "out.png")
    own = msgspec.structs.replace(config(proxy), output_buckets=(BUCKET,))
    outcome = await Uploader(own, ENVIRON).post(upload_of(url, file))
    assert outcome.state is DeliveryState.DELIVERED, outcome
    stores = buckets(own, ENVIRON)
    machine.source = lambda url: S3Source(url, stores)  # type: ignore[method-assign]
    stored = await machine.library().fetch(Asset(name="out.png", url=url))
    assert (stored.sha256, stored.source) == (DIGEST, f"s3://{BUCKET}/out/j1/out.png")
    lost = msgspec.structs.replace(own, output_buckets=("no-such-bucket",))
    url = Output(bucket="no-such-bucket").url("j1", "out.png")
    assert (await Uploader(lost, ENVIRON).post(upload_of(url, file))).state is (
        DeliveryState.REFUSED
    )
