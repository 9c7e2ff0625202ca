"""Files of the model share: copied and checked, never used where they are."""

from pathlib import Path

import anyio
import pytest

from benchrace.assets.sources.share import ShareSource
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.plugin.assets import Asset
from tests.assets.machine import DATA, DIGEST, Machine

pytestmark = pytest.mark.anyio


@pytest.fixture
def share(tmp_path: Path) -> Path:
    (tmp_path / "share/sdxl").mkdir(parents=True)
    (tmp_path / "share/sdxl/base.safetensors").write_bytes(DATA)
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "share/link").symlink_to(tmp_path / "outside")
    return tmp_path / "share"


def asset(url: str) -> Asset:
    return Asset(name="base.safetensors", url=url)


async def test_a_file_is_copied_and_stays_when_the_share_goes(
    machine: Machine, share: Path
) -> None:
    machine.source = lambda url: ShareSource(url, str(share))  # type: ignore[method-assign]
    stored = await machine.library().fetch(asset("share:sdxl/base.safetensors"))
    assert (stored.sha256, stored.source) == (DIGEST, "share:sdxl/base.safetensors")
    await anyio.Path(share).rename(share.with_name("gone"))
    assert (await machine.library().fetch(asset("share:sdxl/base.safetensors"))).sha256 == DIGEST


async def test_a_copy_goes_on_only_with_the_same_version(share: Path) -> None:
    source = ShareSource("share:sdxl/base.safetensors", str(share))
    async with source.open(0, None) as body:
        version = body.validator
        first = await anext(body.chunks)
    async with source.open(len(first), version) as body:
        rest = [chunk async for chunk in body.chunks]
    assert (body.start, body.total, first + b"".join(rest)) == (len(first), len(DATA), DATA)
    (share / "sdxl/base.safetensors").write_bytes(DATA[:-1])
    async with source.open(len(first), version) as body:
        assert (body.start, body.total) == (0, len(DATA) - 1)


@pytest.mark.parametrize(
    ("url", "category", "text"),
    [
        ("share:../outside", Category.VALIDATION, "does not name a file of the share"),
        ("share:/etc/passwd", Category.VALIDATION, "does not name a file of the share"),
        ("share:", Category.VALIDATION, "does not name a file of the share"),
        ("share:link", Category.MISSING_ASSET, "leads out of the share"),
        ("share:sdxl", Category.MISSING_ASSET, "has no such file"),
        ("share:absent", Category.MISSING_ASSET, "has no such file"),
    ],
)
async def test_what_is_not_a_file_of_the_share(
    share: Path, url: str, category: Category, text: str
) -> None:
    with pytest.raises(BenchraceError) as raised:
        async with ShareSource(url, str(share)).open(0, None):
            raise AssertionError("it was opened")
    assert (raised.value.category, text in raised.value.message) == (category, True)


def test_a_machine_without_a_share() -> None:
    with pytest.raises(InvalidInput) as raised:
        ShareSource("share:a", None)
    assert "model_share" in raised.value.remedy
