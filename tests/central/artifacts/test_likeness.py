"""Images of lanes are compared once a run is over, by a process of its own, and never twice."""

import hashlib
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio import from_thread, to_thread

from benchrace.central.artifacts import likeness as module
from benchrace.central.artifacts.image_difference import Image, Request, difference
from benchrace.central.artifacts.likeness import Likenesses, is_due
from benchrace.central.runs.summaries import summary_of
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.run.findings.likeness import Likeness
from benchrace.store import likeness as stored
from benchrace.store.artifacts import FOLDER
from benchrace.store.run_folder import RunFolder
from benchrace.testing.limits import HANG_S
from tests.stats.image_run import line, run

RUN = "2026-01-02_030405_abcdef"
Shade = Callable[[int, int], tuple[int, int, int]]


def slope(x: int, y: int) -> tuple[int, int, int]:
    return 4 * x, 4 * y, 90


def png(shade: Shade, side: int = 64) -> bytes:
    rows = b"".join(b"\0" + b"".join(bytes(shade(x, y)) for x in range(side)) for y in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


WHOLE = png(slope)
LIKE = png(lambda x, y: (4 * x, 4 * y, 91))
OTHER = png(lambda x, y: tuple(zlib.crc32(bytes([x, y, c])) & 0xFF for c in range(3)))  # type: ignore[arg-type,return-value]


@pytest.fixture
def files(tmp_path: Path) -> Callable[[bytes], Image]:
    def write(data: bytes) -> Image:
        path = tmp_path / hashlib.sha256(data).hexdigest()
        path.write_bytes(data)
        return Image(str(path), "image/png")

    return write


def test_equal_images_are_one_and_others_are_less(files: Callable[[bytes], Image]) -> None:
    def against(data: bytes) -> tuple[float, float]:
        result = difference(Request(files(WHOLE), files(data)))
        assert result.ssim is not None
        assert result.mse is not None
        return result.ssim, result.mse

    assert against(WHOLE) == (1.0, 0.0)
    ssim, mse = against(LIKE)
    assert 0.9 < ssim <= 1
    assert mse == pytest.approx(1 / 3, abs=0.01)
    ssim, mse = against(OTHER)
    assert ssim < 0.2
    assert mse > 1000


def test_what_is_no_image_of_its_size_says_so(files: Callable[[bytes], Image]) -> None:
    whole = files(WHOLE)
    huge = files(WHOLE[:16] + struct.pack(">II", 20_000, 20_000) + WHOLE[24:])
    assert "cannot be read" in (difference(Request(whole, huge)).reason or "")
    small = difference(Request(whole, files(png(slope, side=32))))
    assert small.reason == "their sizes differ: 32 x 32 and 64 x 64"
    playlist = files(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x\n")
    for bad in (files(WHOLE[:60]), playlist, Image(whole.path, "text/html")):
        result = difference(Request(whole, bad))
        assert result.ssim is None
        assert "cannot be read" in (result.reason or "")


class Desk:
    """A run with images on the disk, and the task that compares them."""

    def __init__(self, tmp_path: Path, *digests: str) -> None:
        self.runs_dir = tmp_path / "runs"
        self.runs_dir.mkdir()
        self.folder = RunFolder.create(self.runs_dir, run({}, {}, run_id=RUN))
        lines = [line(at, 0, 7, digest) for at, digest in enumerate(digests)]
        self.folder.log_path.write_bytes(b"".join(lines))
        self.whole = self.quiet = True
        self.now_ns = 0
        self.likenesses = Likenesses(
            self.runs_dir,
            ready=lambda _: self.whole,
            quiet=lambda: self.quiet,
            now_ns=lambda: self.now_ns,
        )

    def keep(self, data: bytes) -> None:
        folder = self.folder.path / FOLDER
        folder.mkdir(exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            group.start_soon(self.likenesses.run)
            yield
            group.cancel_scope.cancel()

    async def compared(self) -> Likeness:
        """Wait until the second lane is compared with the first, and give that."""
        with anyio.fail_after(HANG_S):
            while await to_thread.run_sync(is_due, self.folder):  # noqa: ASYNC110 - a file
                await anyio.sleep(0.02)
        summary = await to_thread.run_sync(summary_of, self.folder)
        result = summary.lanes[1].likeness
        assert result is not None
        return result


async def test_images_of_a_run_are_compared_when_they_are_here(tmp_path: Path) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data in (WHOLE, OTHER)]
    desk = await to_thread.run_sync(Desk, tmp_path, *digests)
    for data in (WHOLE, OTHER):
        await to_thread.run_sync(desk.keep, data)
    desk.quiet = False
    async with desk.running():
        desk.likenesses.note(RUN)
        await anyio.wait_all_tasks_blocked()
        assert await to_thread.run_sync(is_due, desk.folder)
        desk.quiet = True
        desk.likenesses.wake()
        result = await desk.compared()
    assert (result.with_, result.n, len(result.images)) == ("lane-0", 1, 1)
    assert result.ssim is not None
    assert result.ssim < 0.2
    remarks = (await to_thread.run_sync(summary_of, desk.folder)).remarks
    assert "images_differ" in [remark.code for remark in remarks]
    # A line that comes late makes it due again.
    await to_thread.run_sync(
        lambda: desk.folder.log_path.write_bytes(desk.folder.log_path.read_bytes() + b"{}\n")
    )
    assert await to_thread.run_sync(is_due, desk.folder)


async def test_an_image_that_never_came_is_told_of(tmp_path: Path) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, "a" * 64, "b" * 64)
    async with desk.running():
        desk.likenesses.note(RUN)
        result = await desk.compared()
    assert (result.ssim, result.reason) == (None, "central does not have both images")


async def test_without_the_library_it_says_what_to_install_and_tries_again_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, "a" * 64, "b" * 64)
    monkeypatch.setattr(module, "installed", lambda: False)
    async with desk.running():
        desk.likenesses.note(RUN)
        result = await desk.compared()
    assert "pip install av" in (result.reason or "")
    monkeypatch.undo()
    assert await to_thread.run_sync(is_due, desk.folder)
    computed = await to_thread.run_sync(stored.read, desk.folder.path)
    assert computed is not None
    assert computed.library is None


@pytest.mark.slow
async def test_an_image_that_comes_late_makes_a_run_due_again(tmp_path: Path) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data in (WHOLE, LIKE)]
    desk = await to_thread.run_sync(Desk, tmp_path, *digests)
    await to_thread.run_sync(desk.keep, WHOLE)
    async with desk.running():
        desk.likenesses.note(RUN)
        first = await desk.compared()
        assert (first.n, first.n_missing) == (0, 1)
        await to_thread.run_sync(desk.keep, LIKE)
        assert await to_thread.run_sync(is_due, desk.folder)
        desk.likenesses.note(RUN)
        second = await desk.compared()
    assert (second.n, second.n_missing, second.different) == (1, 0, False)


async def test_a_last_line_that_is_not_whole_does_not_make_it_compare_for_ever(
    tmp_path: Path,
) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, "a" * 64, "b" * 64)
    whole = await to_thread.run_sync(desk.folder.log_path.read_bytes)
    await to_thread.run_sync(desk.folder.log_path.write_bytes, whole + b'{"type":"rou')
    async with desk.running():
        desk.likenesses.note(RUN)
        assert (await desk.compared()).n == 0


async def test_after_an_error_a_run_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await to_thread.run_sync(Desk, tmp_path, "a" * 64, "b" * 64)
    failed = Notifier()

    def fail(*_: object) -> None:
        from_thread.run_sync(failed.notify)
        raise BenchraceError(Category.DISK_FULL, "no room")

    monkeypatch.setattr(stored, "write", fail)
    async with desk.running():
        desk.likenesses.note(RUN)
        with anyio.fail_after(HANG_S):
            await failed.wait(0)
        await anyio.wait_all_tasks_blocked()
        desk.likenesses.note(RUN)
        await anyio.wait_all_tasks_blocked()
        assert failed.count == 1
        desk.now_ns = 1_000_000_000_000
        desk.likenesses.note(RUN)
        with anyio.fail_after(HANG_S):
            await failed.wait(1)
