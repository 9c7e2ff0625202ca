"""The one llama-server of a job: started once for all who need it, and stopped for another."""

from collections.abc import Awaitable, Callable

import anyio

from benchrace.plugin import BenchraceError, Context
from benchrace_llamacpp.coordinator.crashed import Crashed
from benchrace_llamacpp.coordinator.plan import HOST, ServerPlan
from benchrace_llamacpp.coordinator.server import CoordinatorServer
from benchrace_llamacpp.errors import system
from benchrace_llamacpp.port import until_free

Start = Callable[[ServerPlan, Context], Awaitable[CoordinatorServer]]


class _Attempt:
    """A start that is on: others wait for it and share its outcome, also a failure."""

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.server: CoordinatorServer | None = None
        self.error: BenchraceError | None = None


class Coordinators:
    """Provides servers by their plans, at most one at a time, as each takes the machine's memory.

    `start` starts one. After a crash the next start waits `backoff_s`, twice as long after each
    further one; after `max_crashes` of one plan within `window_s` it is refused.
    """

    def __init__(
        self,
        start: Start,
        *,
        max_crashes: int = 4,
        backoff_s: float = 0.5,
        window_s: float = 600.0,
    ) -> None:
        self._start = start
        self._max_crashes = max_crashes
        self._backoff_s = backoff_s
        self._window_s = window_s
        self._creation = anyio.Lock()
        self._attempts: dict[object, _Attempt] = {}
        self._crashes: dict[object, list[int]] = {}
        self._holders = 0
        self.current: CoordinatorServer | None = None

    async def provide(self, plan: ServerPlan, context: Context) -> tuple[CoordinatorServer, bool]:
        """Return the server of `plan`, and whether this call started it."""
        while True:
            if (server := await self.reusable(plan, context)) is not None:
                return server, False
            attempt = self._attempts.get(plan.key)
            if attempt is None:
                return await self._create(plan, context)
            await attempt.done.wait()
            if attempt.error is not None:
                raise _again(attempt.error)

    async def reusable(self, plan: ServerPlan, context: Context) -> CoordinatorServer | None:
        """Return the current server if it is the plan's and well: it runs, and has the model."""
        server = self.current
        if server is None or server.plan.key != plan.key:
            return None
        if (mismatch := await self.unwell(plan, context)) is not None:
            context.log(f"llama-server is not used again: {mismatch}", "warning")
            return None
        return server

    async def unwell(self, plan: ServerPlan, context: Context) -> str | None:
        """Return why the current server cannot be used for the plan; None if it can."""
        server = self.current
        if server is None or server.plan.key != plan.key:
            return "llama-server was stopped"
        try:
            return await server.mismatch(context)
        except BenchraceError as error:
            return error.message

    async def stop(self, context: Context) -> None:
        """Stop the current server; a server that has ended by itself counts as crashed."""
        server, self.current = self.current, None
        if server is None:
            return
        if server.status() is not None:
            self._count(server.plan, context)
        with anyio.CancelScope(shield=True):
            await server.stop(context)

    def crashes(self, plan: ServerPlan, context: Context) -> int:
        """Return how often servers of a plan ended by themselves lately."""
        since = context.clock.monotonic_ns() - int(self._window_s * 1e9)
        return sum(at > since for at in self._crashes.get(plan.key, ()))

    def hold(self) -> None:
        """Count a lane that is open on the current server."""
        self._holders += 1

    async def leave(self, context: Context, *, keep: bool) -> None:
        """Count a lane less; without one, the server is stopped unless it is to `keep` running."""
        self._holders -= 1
        if self._holders == 0 and not keep:
            await self.stop(context)

    async def _create(self, plan: ServerPlan, context: Context) -> tuple[CoordinatorServer, bool]:
        attempt = self._attempts[plan.key] = _Attempt()
        try:
            async with self._creation:
                # Another may have started it while this one found the old one unwell.
                if (server := await self.reusable(plan, context)) is not None:
                    return server, False
                # The old one first: two models may not fit, and its workers serve one at a time.
                await self.stop(context)
                await self._pause(plan, context)
                await until_free(HOST, plan.port, "port", context)
                self.current = await self._start(plan, context)
                return self.current, True
        except BenchraceError as error:
            attempt.error = error
            if isinstance(error, Crashed):
                self._count(plan, context)
            raise
        finally:
            del self._attempts[plan.key]
            attempt.done.set()

    def _count(self, plan: ServerPlan, context: Context) -> None:
        self._crashes.setdefault(plan.key, []).append(context.clock.monotonic_ns())

    async def _pause(self, plan: ServerPlan, context: Context) -> None:
        """Wait after crashes; raises after too many."""
        count = self.crashes(plan, context)
        if count >= self._max_crashes:
            text = f"llama-server crashed {count} times within {self._window_s:g} s"
            remedy = "Read its log, correct the cause, and start the run again."
            raise system(f"{text} with {plan.model.name}; it is not started again", remedy)
        if count:
            await anyio.sleep(self._backoff_s * 2 ** (count - 1))


def _again(error: BenchraceError) -> BenchraceError:
    """Return a failure once more, for another who waited for the same start."""
    return BenchraceError(
        error.category, error.message, error.remedy, detail=error.detail, fields=error.fields
    )
