"""What each address means on a machine, and how its own central is asked."""

import hashlib
from pathlib import Path

import pytest

from benchrace.assets.library import Report
from benchrace.assets.store import AssetStore
from benchrace.config.assets.sources import AssetsConfig, S3Config
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.plugin.assets import Asset
from benchrace.protocol.assets import AssetSetup, CentralAccess
from benchrace.redaction import MARK, redact
from benchrace.worker.assets import check_readable, library, source_of
from benchrace.worker.questions.operate import OperationContext
from benchrace.worker.questions.question_context import QuestionContext
from tests.assets.file_server import FileServer

pytestmark = pytest.mark.anyio
DATA = b"weights" * 1000
SHA = hashlib.sha256(DATA).hexdigest()
SETUP = AssetSetup(
    store="/nowhere",
    share="/mnt/models",
    config=AssetsConfig(
        hosts=("hub.example",),
        s3=S3Config(endpoint="http://127.0.0.1:1"),
        token_env={"Hub.example": "HUB_TOKEN"},
    ),
    central=CentralAccess(url="http://127.0.0.1:8080"),
)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://hub.example/a/b.bin?signature=secret", "https://hub.example/a/b.bin"),
        ("s3://models/a/b.bin", "s3://models/a/b.bin"),
        ("share:a/b.bin", "share:a/b.bin"),
        (f"central:{SHA}", f"central:{SHA[:12]}"),
    ],
)
def test_each_kind_of_address_has_a_label_without_secrets(url: str, label: str) -> None:
    assert source_of(url, SETUP, {"HUB_TOKEN": "a-secret-of-the-hub"}).label == label


def test_tokens_of_hosts_are_redacted_once_read() -> None:
    source_of("https://hub.example/a", SETUP, {"HUB_TOKEN": "another-secret-of-the-hub"})
    assert redact("x another-secret-of-the-hub") == f"x {MARK}"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://evil.example/a", "not on this machine's list"),
        ("central:../x", "expected central: and a SHA-256"),
        ("file:///etc/passwd", "expected https://host/path"),
        ("/etc/passwd", "expected https://host/path"),
    ],
)
def test_other_addresses_are_refused(url: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=text):
        source_of(url, SETUP, {})


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("share:a", "has no model share"),
        ("s3://b/k", "has no S3-compatible store"),
        (f"central:{SHA}", "has no central"),
    ],
)
def test_what_is_not_set_up_names_the_remedy(url: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=text) as raised:
        source_of(url, AssetSetup(store="/nowhere"), {})
    assert raised.value.remedy


async def test_a_file_of_central_is_asked_for_with_the_machines_token(tmp_path: Path) -> None:
    with FileServer(DATA).running() as server:
        central = CentralAccess(url=f"http://127.0.0.1:{server.port}", token="an agents token")
        setup = AssetSetup(store=str(tmp_path / "assets"), central=central)
        report = Report(lambda done, total, unit: None, lambda line: None)
        asset = Asset(name="a.bin", url=f"central:{SHA}", sha256=SHA)
        stored = await library(setup, report).fetch(asset)
        assert (stored.sha256, stored.size) == (SHA, len(DATA))
        assert server.requests[0]["authorization"] == "Bearer an agents token"
        # It is trusted, and so it may not send us elsewhere.
        server.location = "http://127.0.0.1:1/"
        with pytest.raises(BenchraceError) as raised:
            async with source_of(f"central:{SHA}", setup, {}).open(0, None):
                raise AssertionError("it was opened")
        assert raised.value.category is Category.MISSING_ASSET
        assert "redirects" in raised.value.message


def test_without_a_store_nothing_is_fetched() -> None:
    with pytest.raises(BenchraceError, match="no store of assets"):
        library(None, Report(lambda done, total, unit: None, lambda line: None))


def test_what_may_not_be_fetched_is_known_without_a_request(tmp_path: Path) -> None:
    setup = AssetSetup(store=str(tmp_path / "assets"))
    own = library(setup, Report(progress=lambda *_: None, log=lambda _: None))
    own.check(Asset(name="a", url="https://huggingface.co/a"))
    for asset, text in [
        (Asset(name="a", url="https://evil.example/a"), "not on this machine's list"),
        (Asset(name="a", url="s3://bucket/a"), "no S3-compatible store"),
        (Asset(name="a", url="https://huggingface.co/a", sha256="x"), "64 hexadecimal digits"),
    ]:
        with pytest.raises(InvalidInput, match=text):
            own.check(asset)
    assert not (tmp_path / "assets").exists()


@pytest.mark.parametrize("prunes", [False, True])
async def test_only_operations_remove_files_above_the_limit(tmp_path: Path, prunes: bool) -> None:
    share = tmp_path / "share"
    share.mkdir()
    for name in ("model.bin", "workflow.json"):
        (share / name).write_bytes(name.encode() * 100)
    setup = AssetSetup(
        store=str(tmp_path / "assets"), share=str(share), config=AssetsConfig(limit_gb=1e-9)
    )
    report = Report(progress=lambda *_: None, log=lambda _: None)
    await library(setup, report, prunes=True).fetch(Asset(name="m", url="share:model.bin"))
    small = Asset(name="w", url="share:workflow.json")
    await library(setup, report, prunes=prunes).read(small, 10_000)
    left = {asset.name for asset in AssetStore(tmp_path / "assets").all()}
    assert left == ({"w"} if prunes else {"m", "w"})


def test_a_sync_prunes_and_a_preflight_does_not() -> None:
    assert (OperationContext.prunes, QuestionContext.prunes) == (True, False)


async def test_lanes_read_only_from_the_buckets_that_are_listed(tmp_path: Path) -> None:
    s3 = S3Config(endpoint="http://127.0.0.1:1", input_buckets=("flows",))
    setup = AssetSetup(store=str(tmp_path / "assets"), config=AssetsConfig(s3=s3))
    own = library(setup, Report(progress=lambda *_: None, log=lambda _: None))
    with pytest.raises(InvalidInput, match="read nothing from the bucket 'private'") as raised:
        await own.read(Asset(name="w", url="s3://private/w.json"), 10)
    assert "assets.s3.input_buckets" in (raised.value.remedy or "")
    assert not (tmp_path / "assets").exists()
    check_readable("s3://flows/w.json", setup)
    # What a sync fetches is the owner's choice.
    own.check(Asset(name="m", url="s3://private/m.bin"))


def test_addresses_with_a_key_are_not_for_lanes() -> None:
    url = "https://hub.example/w.json?X-Amz-Signature=0123"
    with pytest.raises(InvalidInput, match="published with the run") as raised:
        check_readable(url, SETUP)
    assert "0123" not in str(raised.value)
    assert "token_env" in (raised.value.remedy or "")
    check_readable("https://hub.example/w.json?download=true", SETUP)
