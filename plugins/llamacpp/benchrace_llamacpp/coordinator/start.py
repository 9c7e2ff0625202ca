"""Start llama-server and watch it until it has the model; a failed start leaves nothing behind."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, Context, Peer
from benchrace_llamacpp.coordinator import load_log
from benchrace_llamacpp.coordinator.crashed import Crashed
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.server import CoordinatorServer, Started
from benchrace_llamacpp.errors import ending
from benchrace_llamacpp.lending.peers import Answer, describe
from benchrace_llamacpp.network import Traffic
from benchrace_llamacpp.process import GuardedProcess, log_path

_POLL_S = 0.05
_MAX_POLL_S = 0.25
# With workers, the HTTP port is bound before the load, but after the handshake with all of them.
BIND_S = 20.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a start may take, and of that the handshake with the workers."""

    load_s: float
    bind_s: float = BIND_S


class Suspects(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers answered after a start failed, and the failure of those to blame."""

    answers: tuple[Answer, ...] = ()
    error: BenchraceError | None = None


# Asks the workers of a start that failed; they answer once the server is gone.
Suspect = Callable[[], Awaitable[Suspects]]


async def start(
    plan: ServerPlan, split: str, context: Context, limits: Limits, suspect: Suspect
) -> CoordinatorServer:
    """Start llama-server and return once it has the model."""
    began = context.clock.monotonic_ns()
    words, log = plan.words(split), log_path(f"llamacpp-{plan.port}")
    traffic = await context.run_blocking(lambda: Traffic.begin(plan.endpoints))
    spawned: list[GuardedProcess] = []
    try:
        # A cancel in the middle would leave a process that nobody knows.
        with anyio.CancelScope(shield=True):
            await context.run_blocking(lambda: spawned.append(GuardedProcess(words, log)))
        server = CoordinatorServer(plan, spawned[0])
        await _Start(server, context, limits, suspect).ready()
        text = await context.run_blocking(server.process.text)
        placement = load_log.placement(text)
        sent, reason = await context.run_blocking(partial(traffic.total, placement.sent))
        server.started = Started(
            load_ns=context.clock.monotonic_ns() - began,
            placement=placement,
            split=split,
            sent=sent,
            sent_unknown=reason,
        )
    except BaseException:
        with anyio.CancelScope(shield=True):
            for process in spawned:
                await context.run_blocking(process.kill)
        raise
    return server


class _Start:
    """One start, until the server is ready or has failed."""

    def __init__(
        self, server: CoordinatorServer, context: Context, limits: Limits, suspect: Suspect
    ) -> None:
        self._server = server
        self._context = context
        self._limits = limits
        self._suspect = suspect

    async def ready(self) -> None:
        """Return once the server has its model."""
        server, context = self._server, self._context
        client = server.client(context)
        began, pause_s, bound = context.clock.monotonic_ns(), _POLL_S, not server.plan.peers
        while True:
            if server.status() is not None:
                raise await self._ended()
            waited_s = (context.clock.monotonic_ns() - began) / 1e9
            loading = await client.loading()
            bound = bound or loading is not None
            if loading is False and server.status() is None:
                if (mismatch := await server.mismatch(context)) is not None:
                    raise BenchraceError(Category.UNREACHABLE, mismatch, "Stop the other server.")
                return
            if waited_s > self._limits.load_s or (not bound and waited_s > self._limits.bind_s):
                raise await self._late(waited_s, bound=bound)
            text = await context.run_blocking(server.process.tail)
            context.progress(waited_s, None, "s of loading", phase=load_log.phase(text))
            await anyio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MAX_POLL_S)

    async def _ended(self) -> BenchraceError:
        """Return the failure of a server that ended while it loaded, with the worker to blame."""
        server = self._server
        tail = await self._context.run_blocking(server.process.tail)
        reason, status = load_log.failure(tail), server.status() or 0
        message = f"llama-server {ending(status)} while it loaded"
        message += f": {_with_label(reason, server.plan.peers)}" if reason else ""
        log = f"its log {server.process.log} ends with: {load_log.last_lines(tail)}"
        remedy = "Correct what the log names, and start the run again."
        category = Category.SYSTEM
        if server.plan.peers:
            suspects = await self._suspect()
            if suspects.error is not None:
                message += f"; {suspects.error.message}"
                category, remedy = suspects.error.category, suspects.error.remedy
            elif load_log.is_of_workers(reason, status):
                # All answer again: one was lost for a moment, and a lane may be opened again.
                message += f"; all workers answer again: {describe(suspects.answers)}"
                category = Category.ENDED_EARLY
                remedy = "Read the logs of the workers: one may have been started again."
        return Crashed(category, f"{message}; {log}", remedy, detail=tail)

    async def _late(self, waited_s: float, *, bound: bool) -> BenchraceError:
        """Stop a server that takes too long, and return its failure."""
        server, context = self._server, self._context
        tail = await context.run_blocking(server.process.tail)
        doing = load_log.phase(tail) if bound else "still waiting for its workers"
        text = f"llama-server has not loaded {server.plan.model.name} after {waited_s:.0f} s"
        text += f" ({doing})"
        text += f"; its log ends with: {load_log.last_lines(tail)}" if tail else ""
        # The workers answer no probe while it holds them.
        with anyio.CancelScope(shield=True):
            await context.run_blocking(server.process.kill)
        if server.plan.peers and (error := (await self._suspect()).error) is not None:
            return error
        remedy = "Raise `start_timeout_s` in the table `llamacpp` of agent.yaml, or check the log."
        if not bound:
            remedy = "Read the workers' logs; restart the one that accepts no connection."
        return BenchraceError(Category.TIMEOUT_FIRST, text, remedy)


def _with_label(reason: str, peers: Sequence[Peer]) -> str:
    """Add the name of the worker whose endpoint a reason has."""
    endpoint = load_log.unreachable_endpoint(reason)
    labels = [peer.label for peer in peers if peer.endpoint == endpoint]
    return f"{reason} (worker {labels[0]})" if labels else reason
