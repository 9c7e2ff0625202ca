"""One run of llama-server: started, watched until it is ready, checked, and stopped."""

from collections.abc import Awaitable, Callable

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, Context
from benchrace_llamacpp.client import ServerClient
from benchrace_llamacpp.coordinator import load_log
from benchrace_llamacpp.coordinator.load_log import Placement
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.errors import ending
from benchrace_llamacpp.network import Traffic
from benchrace_llamacpp.process import GuardedProcess, log_path

_POLL_S = 0.05
_MAX_POLL_S = 0.25
# The HTTP port is bound before the load, but after the handshake with all workers.
BIND_S = 20.0
# It answers within milliseconds, also while it computes.
HEALTH_S = 5.0


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What a start took and where it placed the model; `sent` is bytes to the workers."""

    load_ns: int
    placement: Placement
    split: str
    sent: int | None = None
    sent_unknown: str | None = None


class CoordinatorServer:
    """A running llama-server; `started` says what its start took."""

    def __init__(self, plan: ServerPlan, process: GuardedProcess) -> None:
        self.plan = plan
        self.process = process
        self.started: Started | None = None
        self.health_s = HEALTH_S

    def client(self, context: Context) -> ServerClient:
        """Return a client of it."""
        return ServerClient(self.plan.url, context)

    def status(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self.process.status()

    async def stop(self, context: Context) -> None:
        """End it, and return when its port is free."""
        await context.run_blocking(self.process.stop)

    async def mismatch(self, context: Context) -> str | None:
        """Return why this is not the plan's server any more; None if it is.

        Raises as the client does, if it does not answer in time.
        """
        if (status := self.status()) is not None:
            return f"llama-server {ending(status)}"
        client = self.client(context)
        if not await client.healthy(self.health_s):
            return "llama-server reports that it is not healthy"
        props = await client.props()
        if props is None or props.model_path != self.plan.model.path:
            shown = None if props is None else props.model_path
            return f"another server answers on port {self.plan.port}, with the model {shown}"
        return None


async def start(
    plan: ServerPlan,
    split: str,
    context: Context,
    limit_s: float,
    bind_s: float = BIND_S,
    hung: Callable[[], Awaitable[BenchraceError | None]] | None = None,
) -> CoordinatorServer:
    """Start llama-server and return once it has the model; a failed start leaves nothing behind.

    `hung` finds out which worker is to blame where the server waits for one.
    """
    began = context.clock.monotonic_ns()
    words, log = plan.words(split), log_path(f"llamacpp-{plan.port}")
    traffic = await context.run_blocking(lambda: Traffic.begin(plan.endpoints))
    process = await context.run_blocking(lambda: GuardedProcess(words, log))
    server = CoordinatorServer(plan, process)
    try:
        await _ready(server, context, limit_s, bind_s, hung)
        text = await context.run_blocking(process.text)
        sent, reason = await context.run_blocking(traffic.total)
        server.started = Started(
            load_ns=context.clock.monotonic_ns() - began,
            placement=load_log.placement(text),
            split=split,
            sent=sent,
            sent_unknown=reason,
        )
    except BaseException:
        with anyio.CancelScope(shield=True):
            await context.run_blocking(process.kill)
        raise
    return server


async def _ready(
    server: CoordinatorServer,
    context: Context,
    limit_s: float,
    bind_s: float,
    hung: Callable[[], Awaitable[BenchraceError | None]] | None,
) -> None:
    client = server.client(context)
    began, pause_s, bound = context.clock.monotonic_ns(), _POLL_S, False
    while True:
        if server.status() is not None:
            raise await _ended(server, context)
        waited_s = (context.clock.monotonic_ns() - began) / 1e9
        loading = await client.loading()
        bound = bound or loading is not None
        if loading is False and server.status() is None:
            if (mismatch := await server.mismatch(context)) is not None:
                raise BenchraceError(Category.UNREACHABLE, mismatch, "Stop the other server.")
            return
        if waited_s > limit_s or (not bound and waited_s > bind_s):
            raise await _late(server, context, waited_s, bound=bound, hung=hung)
        text = await context.run_blocking(server.process.tail)
        context.progress(waited_s, None, "s of loading", phase=load_log.phase(text))
        await anyio.sleep(pause_s)
        pause_s = min(2 * pause_s, _MAX_POLL_S)


async def _ended(server: CoordinatorServer, context: Context) -> BenchraceError:
    tail = await context.run_blocking(server.process.tail)
    reason = load_log.failure(tail)
    message = f"llama-server {ending(server.status() or 0)} while it loaded"
    message += f": {reason}" if reason else ""
    endpoint = None if reason is None else load_log.unreachable_endpoint(reason)
    for peer in server.plan.peers:
        if endpoint == peer.endpoint:
            message += f" (worker {peer.label})"
    text = f"{message}; its log {server.process.log} ends with: {load_log.last_lines(tail)}"
    remedy = "Correct what the log names, and start the run again."
    return BenchraceError(Category.SYSTEM, text, remedy, detail=tail)


async def _late(
    server: CoordinatorServer,
    context: Context,
    waited_s: float,
    *,
    bound: bool,
    hung: Callable[[], Awaitable[BenchraceError | None]] | None,
) -> BenchraceError:
    tail = await context.run_blocking(server.process.tail)
    doing = load_log.phase(tail) if bound else "still waiting for its workers"
    text = f"llama-server has not loaded {server.plan.model.name} after {waited_s:.0f} s ({doing})"
    text += f"; its log ends with: {load_log.last_lines(tail)}" if tail else ""
    # The workers answer no probe while it holds them.
    with anyio.CancelScope(shield=True):
        await context.run_blocking(server.process.kill)
    if hung is not None and (blamed := await hung()) is not None:
        return blamed
    remedy = "Raise `start_timeout_s` in the table `llamacpp` of agent.yaml, or check the log."
    return BenchraceError(Category.TIMEOUT_FIRST, text, remedy)
