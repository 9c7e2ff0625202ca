"""The writing side of a run's log: hold while the disk refuses, sync, acknowledge, heal."""

from collections.abc import Callable

import anyio
from anyio import to_thread

from benchrace.central.disk import Disk
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import Stream
from benchrace.notifier import Notifier
from benchrace.protocol.agent_central import Ack, Frame
from benchrace.store.run_log import Gap, RunLog

Key = tuple[str, str]


class LogWriter:
    """Lines go in by `take`, central's own by `write_own`; `run` makes them survive a power loss.

    `acked` are the next numbers, by job and stream, up to which lines are on the disk (`synced`
    bytes). `lines` and `size` count the agents' lines and bytes that were written. `metadata` is
    held while the run's metadata is written.
    """

    def __init__(
        self,
        *,
        log: RunLog,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        metadata: anyio.Lock,
    ) -> None:
        self.log = log
        self.acked: dict[Key, int] = {}
        self.rewinds = 0
        self.lines, self.size = 0, 0
        self.synced = 0
        self._metadata = metadata
        self._idle = Notifier()
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._dirty = Notifier()
        self._urgent = anyio.Event()
        self._written = False
        self._syncing = False
        self._synced_ns = 0
        self._failed = False
        self._ended = False

    async def take(self, frame: Frame, lines: bytes, alive: Callable[[], None]) -> int:
        """Store a job's lines and return how many were new.

        While the disk refuses, hold them and call `alive`, so that no more is read. Raises `Gap`
        and `bad_output` as the log does, and `Gap` where the log was closed meanwhile.
        """

        async def append() -> int:
            if self.log.closed:
                raise Gap(0)
            before = self.log.size
            new = self.log.append(frame.job, frame.stream, frame.first_seq, frame.count, lines)
            self.lines, self.size = self.lines + new, self.size + self.log.size - before
            return new

        # Not reading on is what holds the agent back: its lines stay on its own disk, and
        # central's memory stays small. `alive` keeps the silent link from counting as lost.
        new = await self._disk.retry(append, refused=self._note_unwritten, waited=alive)
        # A duplicate too: its sender waits for an acknowledgement that may have been lost.
        self.acked.setdefault((frame.job, frame.stream), -1)
        self._wrote()
        return new

    def note_stored(self, job_id: str, stream: str) -> None:
        """Count what the log held of a stream when it was opened: that is synced."""
        if next_seq := self.log.next_seq(job_id, stream):
            self.acked[(job_id, stream)] = next_seq

    def write_own(self, event: Callable[[int], bytes]) -> bool:
        """Store an event of central's, built with its number; false where the disk refuses."""
        try:
            self.log.append_own(event(self.log.next_seq(None, Stream.CENTRAL)))
        except BenchraceError as error:
            self._refused(error)
            return False
        self._wrote()
        return True

    def hurry(self) -> None:
        """Sync now: a round has ended."""
        self._urgent.set()

    async def run(self, post: Callable[[Ack], None], rewound: Callable[[], None]) -> None:
        """Sync what was written, at most every `ack_s` and at once after `hurry`; then post.

        Ends after `end`. `rewound` is called when the log went back to what the disk has: what is
        missing must be sent again.
        """
        while not self._ended:
            if not self._written:
                await self._dirty.wait()
                continue
            if not await self._pause():
                return
            if self._failed:
                await self._heal(rewound)
            await self._sync(post)

    def end(self) -> None:
        """End `run`: all is on the disk (`settle`), and nothing more will be written."""
        self._ended = True
        self._dirty.notify()
        self.hurry()

    async def settle(self) -> bool:
        """Wait until all is on the disk; false where the log had to go back meanwhile.

        Needs `run` to be running.
        """
        # A rewind in between means that lines which were here are gone: the caller must wait for
        # them again before it may call the run over.
        before = self.rewinds
        while self._written or self._syncing or self._failed:
            self.hurry()
            await self._idle.wait()
        return self.rewinds == before

    async def _pause(self) -> bool:
        """Wait until the next sync is due; false where there is none, as the log is closed."""
        due_ns = self._synced_ns + int(self._limits.ack_s * 1e9)
        wait_s = min(self._limits.ack_s, (due_ns - self._clock.monotonic_ns()) / 1e9)
        with anyio.move_on_after(max(0.0, wait_s)):
            await self._urgent.wait()
        self._urgent = anyio.Event()
        # A line that came after the run was settled is sent again, once that opens the run again.
        return not self._ended

    async def _sync(self, post: Callable[[Ack], None]) -> None:
        # Both before the sync: lines that arrive while it runs may not be covered by it.
        self._written, self._syncing = False, True
        marks = {key: self.log.next_seq(*key) for key in self.acked}
        try:
            self.synced = await to_thread.run_sync(self.log.sync)
        except BenchraceError as error:
            # What the disk holds is unknown now: the kernel may have dropped the pages, and another
            # fsync would report success. Nothing is acknowledged, and the log goes back.
            self._failed = True
            self._refused(error)
            return
        finally:
            self._syncing = False
        self._synced_ns = self._clock.monotonic_ns()
        for key, next_seq in marks.items():
            if self.acked[key] != next_seq:
                self.acked[key] = next_seq
                post(Ack(job_id=key[0], stream=key[1], next_seq=next_seq))
        self._idle.notify()

    async def _heal(self, rewound: Callable[[], None]) -> None:
        async def rewind() -> None:
            # It raises the epoch, and so writes the metadata.
            async with self._metadata:
                await to_thread.run_sync(self.log.rewind)

        await self._disk.retry(rewind, refused=self._note_unwritten)
        self._failed = False
        self.rewinds += 1
        self._disk.healed()
        rewound()

    def _wrote(self) -> None:
        self._written = True
        self._disk.healed()
        self._dirty.notify()

    def _refused(self, error: BenchraceError) -> None:
        self._disk.refused(error)
        self._note_unwritten()

    def _note_unwritten(self) -> None:
        self._written = True
        self._dirty.notify()
