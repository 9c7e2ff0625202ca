"""Small images are made once, when nothing measures; where there is none, the image is shown."""

import hashlib
import random
import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from benchrace.central.artifacts import likeness as likenesses
from benchrace.central.artifacts.image_difference import Image
from benchrace.central.artifacts.shrinking import Shrinking, lacking
from benchrace.central.artifacts.thumbnail import SIDE, Thumbnail, thumbnail
from benchrace.errors import BenchraceError, Category
from benchrace.store import thumbnails
from benchrace.testing.limits import HANG_S
from tests.central.artifacts.test_likeness import RUN, WHOLE, Desk

pytest.importorskip("av")
JPEG = b"\xff\xd8\xff"


def noise(width: int, height: int) -> bytes:
    """Return a PNG that does not compress."""
    draw = random.Random(4)
    rows = b"".join(b"\0" + draw.randbytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


LARGE = noise(900, 601)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def size(data: bytes) -> tuple[int, int]:
    """Return width and height as the frame header of a JPEG has them."""
    at = data.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", data[at + 5 : at + 9])
    return width, height


def test_a_large_image_becomes_a_small_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(LARGE)
    small = thumbnail(Image(str(path), "image/png"))
    assert small.data.startswith(JPEG)
    assert size(small.data) == (SIDE, 342)
    assert len(small.data) < len(LARGE) / 4


def test_a_small_image_and_what_is_none_have_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(WHOLE)
    assert thumbnail(Image(str(path), "image/png")) == Thumbnail(data=b"", reason=None)
    for data, media_type in ((LARGE[:200], "image/png"), (LARGE, "text/html")):
        path.write_bytes(data)
        bad = thumbnail(Image(str(path), media_type))
        assert (bad.data, "cannot be read" in (bad.reason or "")) == (b"", True)


async def test_an_image_that_breaks_its_process_fails_alone() -> None:
    script = (
        "import json, sys\n"
        "for image in json.load(sys.stdin):\n"
        "    if image['path'] == 'bad':\n"
        "        sys.exit(1)\n"
        "    print(json.dumps({'data': 'AAAA'}), flush=True)\n"
    )
    images = [Image(name, "image/png") for name in ("a", "bad", "b")]
    shrinking = Shrinking(images, (sys.executable, "-S", "-c", script))
    with anyio.fail_after(HANG_S):
        await shrinking.run()
    assert [small.data for small in shrinking.answers] == [bytes(3), b"", bytes(3)]
    assert "decoder failed" in (shrinking.answers[1].reason or "")


@pytest.mark.slow
async def test_each_image_of_a_run_is_looked_at_once(tmp_path: Path) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, sha(LARGE), sha(WHOLE))
    for data in (LARGE, WHOLE, b"{}", LARGE[:300]):
        await to_thread.run_sync(desk.keep, data)
    run = desk.folder.path
    desk.quiet = False
    async with desk.running():
        desk.likenesses.note(RUN)
        await anyio.wait_all_tasks_blocked()
        assert not await to_thread.run_sync(thumbnails.made_of, run)
        desk.quiet = True
        desk.likenesses.wake()
        await desk.compared()
    digests = await to_thread.run_sync(thumbnails.made_of, run)
    assert digests == {sha(data) for data in (LARGE, WHOLE)}
    assert (await to_thread.run_sync(thumbnails.read, run, sha(LARGE))).startswith(JPEG)
    assert await to_thread.run_sync(thumbnails.read, run, sha(WHOLE)) == b""
    # What failed is looked at again after the next start: another decoder may read it.
    assert [large.sha256 for large in await to_thread.run_sync(lacking, run)] == [sha(LARGE[:300])]


async def test_without_the_library_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, sha(LARGE), sha(WHOLE))
    await to_thread.run_sync(desk.keep, LARGE)
    monkeypatch.setattr(likenesses, "installed", lambda: False)
    async with desk.running():
        desk.likenesses.note(RUN)
        await desk.compared()
    assert not (desk.folder.path / thumbnails.FOLDER).exists()


def test_a_run_that_was_deleted_meanwhile_gets_no_folder(tmp_path: Path) -> None:
    thumbnails.write(tmp_path / "gone", "a" * 64, JPEG)
    assert not (tmp_path / "gone").exists()
    assert thumbnails.read(tmp_path, "../secret") == b""


async def test_an_image_that_failed_is_not_tried_again_at_each_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, sha(LARGE), sha(WHOLE))
    await to_thread.run_sync(desk.keep, LARGE[:300])
    tried: list[int] = []

    class Counting(Shrinking):
        def __init__(self, images: Sequence[Image]) -> None:
            tried.append(len(images))
            super().__init__(images)

    monkeypatch.setattr(likenesses, "Shrinking", Counting)
    await desk.likenesses._shrink(RUN)
    await desk.likenesses._shrink(RUN)
    assert tried == [1]
    await again(desk)._shrink(RUN)
    assert tried == [1, 1]


def again(desk: Desk) -> likenesses.Likenesses:
    """Return what a central that was started again would have."""
    return likenesses.Likenesses(
        desk.runs_dir, ready=lambda _: True, quiet=lambda: True, now_ns=lambda: 0
    )


@pytest.mark.slow
async def test_a_disk_that_refuses_small_copies_does_not_stop_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BenchraceError(Category.DISK_FULL, "the disk is full")

    desk = await to_thread.run_sync(Desk, tmp_path, sha(LARGE), sha(WHOLE))
    for data in (LARGE, WHOLE):
        await to_thread.run_sync(desk.keep, data)
    monkeypatch.setattr(thumbnails, "write", refuse)
    async with desk.running():
        desk.likenesses.note(RUN)
        await desk.compared()
    assert await to_thread.run_sync(thumbnails.made_of, desk.folder.path) == frozenset()
