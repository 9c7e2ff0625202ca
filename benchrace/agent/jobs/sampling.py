"""Runtime samples at a fixed period while a job runs, and the latest ones on request."""

from collections import deque
from collections.abc import Callable

import anyio

from benchrace.api.agents import Sample
from benchrace.clock import Clock
from benchrace.events.payloads import RuntimeSamplePayload
from benchrace.kinds.energy import NVML_REFRESH_S
from benchrace.telemetry.sampler import Sampler

_MAX_SAMPLES = 600
_FRESH_S = 1.0


class Sampling:
    """Samples taken in a thread, one at a time; the last 600 are kept."""

    def __init__(
        self,
        sampler: Sampler,
        clock: Clock,
        is_measuring: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sampler = sampler
        self._clock = clock
        self._is_measuring = is_measuring
        self._samples: deque[Sample] = deque(maxlen=_MAX_SAMPLES)
        self._lock = anyio.Lock()
        self.count = 0
        self.cost_ns = 0

    async def during(
        self, job_id: str, period_s: float, keep: Callable[[RuntimeSamplePayload], None]
    ) -> None:
        """Pass a sample to `keep` (in the thread) each `period_s` until cancelled; 0 is off.

        A period that was missed is left out: samples never come in a burst.
        """
        if period_s <= 0:
            return
        due = anyio.current_time()
        while True:
            async with self._lock:
                await self._sample(job_id, keep)
            due += period_s
            now = anyio.current_time()
            if due < now:
                due += period_s * ((now - due) // period_s + 1)
            await anyio.sleep_until(due)

    async def last_of(self, job_id: str, keep: Callable[[RuntimeSamplePayload], None]) -> None:
        """Pass what counters say after a job's last round to `keep`.

        A GPU renews its counter from time to time: only one read that much later is surely new.
        """
        async with self._lock:
            sample = await self._sample(job_id, keep)
            if any(gpu.energy_mj is not None for gpu in sample.gpus):
                await anyio.sleep(NVML_REFRESH_S)
                await self._sample(job_id, keep)

    async def window(self) -> tuple[Sample, ...]:
        """Return the kept samples, the last one at most a second old while nothing is measured.

        Whoever watches can have one taken a second, however many ask, and none beside a job.
        """
        if not self._is_fresh() and not self._is_measuring():
            async with self._lock:
                # Another request may have taken one meanwhile.
                if not self._is_fresh() and not self._is_measuring():
                    await self._sample(None, None)
        return tuple(self._samples)

    def _is_fresh(self) -> bool:
        last = self._samples[-1].timestamp_s if self._samples else 0.0
        return abs(self._clock.wall_s() - last) <= _FRESH_S

    @property
    def last(self) -> Sample | None:
        """The latest sample, of whatever age."""
        return self._samples[-1] if self._samples else None

    async def _sample(
        self, job_id: str | None, keep: Callable[[RuntimeSamplePayload], None] | None
    ) -> RuntimeSamplePayload:
        """Take one sample; the lock must be held."""

        def take() -> RuntimeSamplePayload:
            sample = self._sampler.sample()
            if keep is not None:
                keep(sample)
            return sample

        sample = await anyio.to_thread.run_sync(take)
        self.count += 1
        self.cost_ns += sample.cost_ns
        stamp = self._clock.wall_s()
        self._samples.append(Sample(timestamp_s=stamp, job_id=job_id, sample=sample))
        return sample
