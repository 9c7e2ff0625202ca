"""Compares the images of runs that are over, while nothing on this computer measures."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anyio
from anyio import to_thread

from benchrace.central.artifacts.comparison import Comparison
from benchrace.central.artifacts.image_difference import (
    LIBRARY,
    Difference,
    Image,
    Request,
    installed,
)
from benchrace.central.artifacts.image_process import ImageProcess
from benchrace.central.artifacts.shrinking import Shrinking, lacking
from benchrace.errors import BenchraceError, NotFound
from benchrace.notifier import Notifier
from benchrace.plugin.workload import Drawing
from benchrace.run.findings.likeness import ImageLikeness, Likeness, is_different
from benchrace.run.metadata import RunMetadata
from benchrace.stats.image.likeness import likeness
from benchrace.stats.image.pairs import Pair, Pairs, paired
from benchrace.stats.image.rounds import ImageRounds
from benchrace.store import likeness as stored
from benchrace.store import thumbnails
from benchrace.store.artifacts import Artifacts
from benchrace.store.run_folder import RunFolder, folder_path
from benchrace.store.run_log import StoredLog

log = logging.getLogger(__name__)
# Between two of these, other work may begin that must not be disturbed.
_AT_ONCE = 4
# After an error; a page that is open asks every few seconds.
_REST_S = 300
_MISSING = (
    f"images are not compared: install {LIBRARY} on central's machine (pip install {LIBRARY})"
)


class Work(NamedTuple):
    """What is to be compared of a run, as of a log of `log_bytes`."""

    folder: RunFolder
    log_bytes: int
    lanes: dict[str, Pairs | Likeness]


class Likenesses:
    """`note` a run whose images may be compared; `run` does that as soon as `ready` allows.

    `quiet` says whether nothing on this computer measures.
    """

    def __init__(
        self,
        runs_dir: Path,
        *,
        ready: Callable[[str], bool],
        quiet: Callable[[], bool],
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._runs_dir = runs_dir
        self._ready = ready
        self._quiet = quiet
        self._now_ns = now_ns
        self._noted: dict[str, None] = {}
        self._rest_ns: dict[str, int] = {}
        # Images that failed, by run: the next start of central tries them again.
        self._failed: set[tuple[str, str]] = set()
        self._wakeup = Notifier()

    def note(self, run_id: str) -> None:
        """Compare a run's images, unless that was done, or failed just now."""
        if self._now_ns() < self._rest_ns.get(run_id, 0):
            return
        self._rest_ns.pop(run_id, None)
        self._noted.setdefault(run_id)
        self.wake()

    def wake(self) -> None:
        """Look again whether something may be compared now."""
        self._wakeup.notify()

    async def run(self) -> None:
        """Compare for ever, one run after the other."""
        while True:
            run_id = next(filter(self._ready, self._noted), None) if self._quiet() else None
            if run_id is None:
                await self._wakeup.wait()
                continue
            # First, so that a file that comes meanwhile notes it again.
            del self._noted[run_id]
            try:
                await self._try_to_shrink(run_id)
                await self._compare(run_id)
            except BenchraceError as error:
                log.warning("images of run %s are not compared: %s", run_id, error.message)
                self._rest(run_id)
            except Exception:
                # A defect here must not end the runs.
                log.exception("images of run %s could not be compared", run_id)
                self._rest(run_id)

    def _rest(self, run_id: str) -> None:
        self._rest_ns[run_id] = self._now_ns() + _REST_S * 1_000_000_000

    async def _try_to_shrink(self, run_id: str) -> None:
        """Make small images as far as the disk allows: they are for the eye alone."""
        try:
            await self._shrink(run_id)
        except (BenchraceError, OSError) as error:
            log.warning("run %s: images have no small copies: %s", run_id, error)
            self._rest(run_id)

    async def _shrink(self, run_id: str) -> None:
        """Make small images of those that have none; what cannot be read is shown as it is."""
        run = folder_path(self._runs_dir, run_id)
        here = await to_thread.run_sync(lacking, run) if installed() else ()
        images = [large for large in here if (run_id, large.sha256) not in self._failed]
        for first in range(0, len(images), _AT_ONCE):
            some = images[first : first + _AT_ONCE]
            shrinking = Shrinking([large.image for large in some])
            while not shrinking.done:
                await self._while_quiet(shrinking)
            for large, small in zip(some, shrinking.answers, strict=True):
                if small.reason is not None:
                    log.info("run %s, %s: %s", run_id, large.sha256[:12], small.reason)
                    self._failed.add((run_id, large.sha256))
                    continue
                await to_thread.run_sync(thumbnails.write, run, large.sha256, small.data)

    async def _compare(self, run_id: str) -> None:
        try:
            work = await to_thread.run_sync(_work, self._runs_dir, run_id)
        except NotFound:
            return
        if work is None:
            return
        lanes: dict[str, Likeness] = {}
        missing: set[str] = set()
        for lane_id, pairing in work.lanes.items():
            if isinstance(pairing, Pairs):
                pairing = await self._lane(work.folder, pairing, missing)
            lanes[lane_id] = pairing
        done = stored.StoredLikeness(
            log_bytes=work.log_bytes,
            library=LIBRARY if installed() else None,
            missing=tuple(sorted(missing)),
            lanes=lanes,
        )
        await to_thread.run_sync(stored.write, work.folder.path, done)

    async def _lane(self, folder: RunFolder, pairing: Pairs, missing: set[str]) -> Likeness:
        """Compare a lane's images, and add the digests of those that are not here to `missing`."""
        if not installed():
            return Likeness(with_=pairing.with_, reason=_MISSING)
        images: list[ImageLikeness] = []
        for first in range(0, len(pairing.pairs), _AT_ONCE):
            some = pairing.pairs[first : first + _AT_ONCE]
            images += await self._differences(Artifacts(folder.path), some, missing)
        return likeness(pairing.with_, images, pairing.differ)

    async def _differences(
        self, files: Artifacts, pairs: Sequence[Pair], missing: set[str]
    ) -> list[ImageLikeness]:
        here = await to_thread.run_sync(files.stored)
        missing |= {image.sha256 for pair in pairs for image in (pair.best, pair.own)} - here
        whole = [pair for pair in pairs if {pair.best.sha256, pair.own.sha256} <= here]
        comparison = Comparison([_request(files, pair) for pair in whole])
        while not comparison.done:
            await self._while_quiet(comparison)
        measured = dict(zip(whole, comparison.answers, strict=True))
        absent = Difference(reason="central does not have both images")
        return [_named(pair, measured.get(pair, absent)) for pair in pairs]

    async def _while_quiet(self, work: ImageProcess[Any, Any]) -> None:
        """Work from when nothing measures here until something does."""
        while not self._quiet():
            await self._wakeup.wait()
        async with anyio.create_task_group() as group:
            group.start_soon(self._cancel_when_busy, group.cancel_scope)
            await work.run()
            group.cancel_scope.cancel()

    async def _cancel_when_busy(self, scope: anyio.CancelScope) -> None:
        while self._quiet():
            await self._wakeup.wait()
        scope.cancel()


def _work(runs_dir: Path, run_id: str) -> Work | None:
    """Read what is to be compared; None where nothing is, or it was done with all that is here."""
    folder = RunFolder.open(runs_dir, run_id)
    if not is_due(folder):
        return None
    images = ImageRounds(folder.metadata)
    # As `is_due` asks for it: a last line that is not whole counts, and is not read.
    log_bytes = folder.log_path.stat().st_size
    lines = StoredLog(folder.log_path, folder.metadata.epoch)
    try:
        offset = 0
        while data := lines.read(offset):
            images.feed(data)
            offset += len(data)
    finally:
        lines.close()
    return Work(folder, log_bytes, paired(folder.metadata, images.lanes))


def is_due(folder: RunFolder) -> bool:
    """Check whether a run makes images that are not compared as its log has them; blocking."""
    if not makes_images(folder.metadata) or not folder.metadata.state.final:
        return False
    before = stored.read(folder.path)
    if before is None or before.log_bytes != folder.log_path.stat().st_size:
        return True
    if before.library is None:
        return installed()
    return bool(before.missing) and not Artifacts(folder.path).stored().isdisjoint(before.missing)


def makes_images(metadata: RunMetadata) -> bool:
    """Check whether a workload of a run makes images."""
    return any(workload.drawing is Drawing.IMAGE for workload in metadata.workloads.values())


def _request(files: Artifacts, pair: Pair) -> Request:
    best, own = (
        Image(str(files.path(output.sha256)), output.media_type) for output in (pair.best, pair.own)
    )
    return Request(best, own)


def _named(pair: Pair, difference: Difference) -> ImageLikeness:
    ssim, mse = difference.ssim, difference.mse
    return ImageLikeness(
        round=pair.round,
        image=pair.image,
        ssim=ssim,
        mse=mse,
        different=ssim is not None and mse is not None and is_different(ssim, mse),
        reason=difference.reason,
    )
