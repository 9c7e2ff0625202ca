"""When the journal is synced: between rounds, ten times a second at most."""

from benchrace.clock import Clock
from benchrace.worker.job.writer import Writer
from benchrace.worker.threads import run_blocking

_PERIOD_NS = 100_000_000


class Syncing:
    """Spares a job of very short rounds a wait for the disk after each of them."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._last_ns: int | None = None

    async def between_rounds(self) -> None:
        """Sync if the last time is long enough ago; raises the journal's failure."""
        now = self._clock.monotonic_ns()
        if self._last_ns is None or now - self._last_ns >= _PERIOD_NS:
            await run_blocking(self._writer.sync)
            self._last_ns = self._clock.monotonic_ns()
