"""The lines of each job that central has, and those to send next."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from benchrace.agent.jobs.job import Job
from benchrace.events.envelope import Stream
from benchrace.protocol.agent_central import Frame, PhaseChanged
from benchrace.store.tail import Tail

FRAME_BYTES = 1 << 18


class Sent(msgspec.Struct):
    """One stream of a job: what was read to be sent, and what central has on its disk."""

    tail: Tail
    acked: int
    fresh: bool = True


class OutboxBatch(msgspec.Struct, frozen=True):
    frame: Frame
    lines: bytes


class JobOutbox:
    """The streams of one job, read from where central has got to."""

    def __init__(self, job: Job, resume: Mapping[str, int]) -> None:
        self.job = job
        self._whole = False
        self._last_phase: PhaseChanged | None = None
        self._streams = {
            str(stream): _from(path, resume.get(stream, 0))
            for stream, path in ((Stream.WORK, job.folder.work), (Stream.AGENT, job.folder.agent))
        }

    def unread(self) -> Iterator[tuple[str, Sent]]:
        """Yield each stream by name; to be read until it gives nothing."""
        yield from self._streams.items()

    def next(self, name: str) -> OutboxBatch | None:
        """Read a stream's next lines as a frame; blocks only as long as the disk does."""
        sent = self._streams[name]
        sent.fresh = False
        batch = sent.tail.read()
        if batch is None:
            return None
        frame = Frame(
            job=self.job.job_id, stream=name, first_seq=batch.first_seq, count=batch.count
        )
        return OutboxBatch(frame, batch.lines)

    def news(self) -> PhaseChanged | None:
        """Return the job's phase if it has not been sent to central yet."""
        job = self.job
        now = PhaseChanged(job_id=job.job_id, phase=job.phase, heat=job.heat, opening=job.opening)
        if now == self._last_phase:
            return None
        self._last_phase = now
        return now

    def drained(self, *, final: bool) -> None:
        """Note that all was read that was there when the job was over, or was not (`final`)."""
        self._whole = self._whole or final

    def acknowledged(self, stream: str, next_seq: int) -> None:
        """Note which lines are on central's disk."""
        sent = self._streams.get(stream)
        if sent is not None:
            sent.acked = max(sent.acked, next_seq)

    @property
    def finished(self) -> bool:
        """True once the job is over and central has every line of it on its disk.

        What was read before the end is not all: an acknowledgement of it may come just then.
        """
        return self._whole and all(
            not sent.fresh and sent.acked >= sent.tail.seq for sent in self._streams.values()
        )


def _from(path: Path, seq: int) -> Sent:
    # Central has the lines before `seq`, and says by an acknowledgement when they are synced.
    return Sent(Tail(path, seq, limit=FRAME_BYTES), 0)
