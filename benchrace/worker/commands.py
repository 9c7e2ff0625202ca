"""The agent's commands during a job, read by a thread, so that a blocked loop gets them too."""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import assert_never

import anyio
import msgspec

from benchrace.protocol.agent_worker import Cancel, Go, Shorten, ToWorker, decode_to_worker
from benchrace.run.planning.order import Slot
from benchrace.worker.stdio import Lines


class Commands:
    """The agent's wishes so far. Attributes change at any time, from another thread.

    `cancelled` is the reason of a cancel, None while there was none; `gone` is true once the
    input has ended.
    """

    def __init__(self) -> None:
        self.cancelled: str | None = None
        self.gone = False
        self._starts: dict[int, int] = {}
        self._shorten: list[Shorten] = []
        self._changed: anyio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], None] | None = None
        self._lost: Callable[[], None] | None = None

    @property
    def stopping(self) -> bool:
        """Check whether the job has to end for the agent's sake."""
        return self.cancelled is not None or self.gone

    def listen(self, lines: Lines, *, stop: Callable[[], None], lost: Callable[[], None]) -> None:
        """Read `lines` from now on. `stop` runs in the loop; `lost` at once, in the thread."""
        self._loop = asyncio.get_running_loop()
        self._stop = stop
        self._lost = lost
        self._changed = anyio.Event()
        threading.Thread(target=self._hear, args=(lines,), name="commands", daemon=True).start()

    async def go(self, heat: int, left_out: Callable[[], bool] = lambda: False) -> int | None:
        """Wait until `heat` may begin; gives the instant on the monotonic clock.

        None where `left_out` becomes true before the order to begin comes.
        """
        while heat not in self._starts:
            changed = self._changed
            if changed is None:
                raise RuntimeError("the thread that reads commands has not started")
            if heat in self._starts:
                break
            if left_out():
                return None
            await changed.wait()
        return self._starts[heat]

    def left_out(self, slot: Slot, counted: int) -> bool:
        """Check whether `slot` can be skipped; `counted` is its place among the counted slots."""
        return not slot.warmup and any(
            counted >= shorten.rounds and (not shorten.lane_ids or slot.lane_id in shorten.lane_ids)
            for shorten in self._shorten
        )

    def handle(self, message: ToWorker) -> None:
        """Handle one command."""
        match message:
            case Go(heat=heat, at_ns=at_ns):
                self._starts[heat] = at_ns
                self._wake(self._announce)
            case Shorten():
                self._shorten.append(message)
                self._wake(self._announce)
            case Cancel(reason=reason):
                self.cancelled = self.cancelled or reason
                self._wake(self._stop)
            case _:
                assert_never(message)

    def _hear(self, lines: Lines) -> None:
        try:
            for line in lines:
                try:
                    self.handle(decode_to_worker(line))
                except msgspec.DecodeError as error:
                    sys.stderr.write(f"worker: invalid command from the agent: {error}\n")
        except (OSError, ValueError) as error:
            sys.stderr.write(f"worker: lost the agent's commands: {error}\n")
        self.gone = True
        if self._lost is not None:
            self._lost()
        self._wake(self._stop)

    def _announce(self) -> None:
        if self._changed is not None:
            changed, self._changed = self._changed, anyio.Event()
            changed.set()

    def _wake(self, call: Callable[[], None] | None) -> None:
        if self._loop is not None and call is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)
