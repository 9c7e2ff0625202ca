"""Runtime samples at a fixed period while a job runs, and the latest ones for whoever asks."""

from collections import deque
from collections.abc import Callable

import anyio
import msgspec

from benchrace.clock import Clock
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.telemetry.sampler import Sampler

_KEPT = 600
_FRESH_S = 1.0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample with its wall time and the job that ran, null where none did."""

    timestamp_s: float
    job_id: str | None
    sample: RuntimeSamplePayload


class Sampling:
    """Takes samples in a thread, one at a time; keeps the last 600."""

    def __init__(self, sampler: Sampler, clock: Clock) -> None:
        self._sampler = sampler
        self._clock = clock
        self._kept: deque[Sample] = deque(maxlen=_KEPT)
        self._lock = anyio.Lock()
        self.count = 0
        self.cost_ns = 0

    async def during(
        self, job_id: str, period_s: float, keep: Callable[[RuntimeSamplePayload], None]
    ) -> None:
        """Give `keep` (called in the thread) a sample each `period_s` until cancelled; 0 is off.

        A period that was missed is left out: samples never come in a burst.
        """
        if period_s <= 0:
            return
        due = anyio.current_time()
        while True:
            await self._take(job_id, keep)
            due += period_s
            now = anyio.current_time()
            if due < now:
                due += period_s * ((now - due) // period_s + 1)
            await anyio.sleep_until(due)

    async def window(self) -> tuple[Sample, ...]:
        """Give the kept samples, the last one of them at most a second old."""
        last = self._kept[-1].timestamp_s if self._kept else 0.0
        if abs(self._clock.wall_s() - last) > _FRESH_S:
            await self._take(None, None)
        return tuple(self._kept)

    @property
    def last(self) -> Sample | None:
        """The latest sample, of whatever age."""
        return self._kept[-1] if self._kept else None

    async def _take(
        self, job_id: str | None, keep: Callable[[RuntimeSamplePayload], None] | None
    ) -> None:
        def take() -> RuntimeSamplePayload:
            sample = self._sampler.sample()
            if keep is not None:
                keep(sample)
            return sample

        async with self._lock:
            sample = await anyio.to_thread.run_sync(take)
        self.count += 1
        self.cost_ns += sample.cost_ns
        stamp = self._clock.wall_s()
        self._kept.append(Sample(timestamp_s=stamp, job_id=job_id, sample=sample))
