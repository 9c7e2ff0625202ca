"""What depends on elapsed time alone: silent links, clocks of runs, a disk that may have healed."""

from collections.abc import Callable

import anyio
from anyio import to_thread

from benchrace.central.disk import Disk
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.registry import Runs
from benchrace.central.settings import Limits
from benchrace.clock import Clock
from benchrace.errors import BenchraceError

SECOND_NS = 1_000_000_000


class Ticker:
    """Looks at everything once a tick; `wake` is called each time."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        runs: Runs,
        disk: Disk,
        limits: Limits,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._fleet = fleet
        self._runs = runs
        self._disk = disk
        self._limits = limits
        self._clock = clock
        self._wake = wake
        self._probed_ns = 0

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await anyio.sleep(self._limits.tick_s)
            now_ns = self._clock.monotonic_ns()
            self._close_silent(now_ns)
            for run in self._runs:
                run.note_clock()
                run.changed.notify()
            self._wake()
            if self._disk.trouble and now_ns - self._probed_ns >= self._limits.retry_s * SECOND_NS:
                self._probed_ns = now_ns
                await self._probe_disk()

    def _close_silent(self, now_ns: int) -> None:
        for machine in self._fleet:
            session, heard_ns = machine.session, machine.heard_ns
            if session and heard_ns is not None and self._fleet.keep.must_close(heard_ns, now_ns):
                session.close()

    async def _probe_disk(self) -> None:
        try:
            await to_thread.run_sync(self._disk.probe)
        except BenchraceError as error:
            self._disk.refused(error)
        else:
            self._disk.healed()
