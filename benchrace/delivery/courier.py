"""Sending what is in the outbox: one request at a time for each destination, until it arrives."""

import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import anyio
import anyio.abc

from benchrace.clock import Clock
from benchrace.delivery.outbox import Delivery, DeliveryState, Outbox
from benchrace.delivery.output import SCHEME
from benchrace.delivery.post import Outcome, Poster
from benchrace.delivery.upload import Uploader
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier

log = logging.getLogger(__name__)
FIRST_WAIT_S = 1.0
LAST_WAIT_S = 600.0
_TOGETHER = 4
_DISK_WAIT_S = 30.0


def wait_s(attempts: int, chance: float) -> float:
    """Return the wait after failed attempts: doubled by each, up to a limit, and less by chance.

    Without chance, agents that lost the same receiver would come back at the same instant.
    """
    longest = min(FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20), LAST_WAIT_S)
    return longest * (0.5 + chance / 2)


class Courier:
    """Sends requests until cancelled, and gives up what failed for `give_up_s`.

    `running()` is the subject of which nothing may disturb the work: meanwhile only what tells of
    it is sent, one request at a time, each tried once and repeated later. Uploads run in `aside()`,
    which raises `busy` when something comes to measure: they stop then, and it counts as no try.
    `settled()` is called after each try.
    """

    def __init__(
        self,
        outbox: Outbox,
        poster: Poster,
        uploader: Uploader | None = None,
        *,
        clock: Clock,
        give_up_s: float,
        running: Callable[[], str | None],
        settled: Callable[[], object] = lambda: None,
        aside: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
    ) -> None:
        self._outbox = outbox
        self._poster = poster
        self._uploader = uploader
        self._settled = settled
        self._aside = aside
        self._clock = clock
        self._give_up_s = give_up_s
        self._running = running
        self._sending: set[str] = set()
        self._changed = Notifier()
        self._limit = anyio.CapacityLimiter(_TOGETHER)

    def nudge(self) -> None:
        """Look into the outbox again: something was queued, or nothing measures any more."""
        self._changed.notify()

    async def run(self) -> None:
        """Send what is due, and sleep until more is."""
        try:
            async with anyio.create_task_group() as tasks:
                await self._prepare()
                while True:
                    seen = self._changed.count
                    pause_s = await self._round(tasks)
                    with anyio.move_on_after(pause_s):
                        await self._changed.wait(seen)
        finally:
            with anyio.CancelScope(shield=True):
                await self._poster.close()

    async def _prepare(self) -> None:
        """Load what requests need if there are any to make: later a job may run."""
        try:
            heads = await anyio.to_thread.run_sync(self._outbox.heads)
            if heads and self._running() is None:
                await self._poster.prepare()
        except BenchraceError as error:
            log.warning("callbacks: %s", error.message)

    async def _round(self, tasks: anyio.abc.TaskGroup) -> float:
        """Start what is due; return for how long nothing else is."""
        try:
            heads = await anyio.to_thread.run_sync(self._outbox.heads)
        except BenchraceError as error:
            log.warning("callbacks wait: %s", error.message)
            return _DISK_WAIT_S
        now_s, pause_s = self._clock.wall_s(), float("inf")
        for head in heads:
            if head.destination in self._sending or self._waits(head):
                continue
            left_s = head.next_at - now_s
            # More than the whole wait is left where the clock was set back.
            if 0 < left_s <= head.next_at - (head.tried_at or head.next_at):
                pause_s = min(pause_s, left_s)
                continue
            self._sending.add(head.destination)
            tasks.start_soon(self._send, head)
        return pause_s

    def _waits(self, head: Delivery) -> bool:
        """Check whether a request would disturb what runs."""
        running = self._running()
        if running is None:
            return False
        return (
            _is_upload(head) or head.subject != running or head.attempts > 0 or bool(self._sending)
        )

    async def _send(self, delivery: Delivery) -> None:
        try:
            async with self._limit:
                outcome = await self._tried(delivery)
                if outcome is None:
                    return
                await self._note(delivery, outcome)
            self._settled()
        except Exception as error:
            # Whatever the disk says: it must not end the agent. It is sent again by the same key.
            log.warning("callback %s: %s", delivery.key, error, exc_info=error)
            await anyio.sleep(_DISK_WAIT_S)
        finally:
            self._sending.discard(delivery.destination)
            self._changed.notify()

    async def _tried(self, delivery: Delivery) -> Outcome | None:
        """Return how a try ended; None where a measurement stopped it."""
        try:
            if _is_upload(delivery) and self._uploader is not None:
                async with self._aside():
                    return await self._uploader.post(delivery)
            return await self._poster.post(delivery)
        except BenchraceError as error:
            if error.category is Category.BUSY:
                return None
            return Outcome(DeliveryState.PENDING, reason=error.message)
        except Exception as error:
            # Whatever a URL or a receiver causes: it must not end the agent.
            log.warning("callback %s", delivery.key, exc_info=error)
            return Outcome(DeliveryState.PENDING, reason=f"{type(error).__name__}: {error}")

    async def _note(self, delivery: Delivery, outcome: Outcome) -> None:
        now_s, state, next_at = self._clock.wall_s(), outcome.state, 0.0
        # The system's message may hold bytes that are not valid text.
        reason = outcome.reason and outcome.reason.encode("utf-8", "replace").decode()
        if state is DeliveryState.PENDING:
            pause_s = wait_s(delivery.attempts + 1, random.random())
            next_at = now_s + max(pause_s, outcome.retry_after_s or 0.0)
            if now_s - delivery.since > self._give_up_s:
                state = DeliveryState.GIVEN_UP
        if state is not DeliveryState.DELIVERED:
            log.warning("callback %s: %s (%s)", delivery.key, reason, state)

        def note() -> None:
            self._outbox.tried(
                delivery,
                state,
                now_s,
                status=outcome.status,
                reason=reason,
                next_at=next_at,
            )

        await anyio.to_thread.run_sync(note)


def _is_upload(delivery: Delivery) -> bool:
    return delivery.url.startswith(SCHEME)
