"""What each address means on a machine, and how its own central is asked."""

import hashlib
from pathlib import Path

import pytest

from benchrace.assets.library import Report
from benchrace.config.assets.sources import AssetsConfig, S3Config
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.plugin.assets import Asset
from benchrace.protocol.assets import AssetSetup, CentralAccess
from benchrace.redaction import MARK, redact
from benchrace.worker.assets import library, source_of
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
