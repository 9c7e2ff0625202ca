"""Run one prompt: listen, queue it, follow it, and withdraw it if that ends early."""

import math
import uuid
from typing import NamedTuple

import anyio

from benchrace.plugin import BenchraceError, Category, Clock, Context
from benchrace_comfyui.client import ComfyClient
from benchrace_comfyui.graph.graph import Graph
from benchrace_comfyui.history import Finished
from benchrace_comfyui.prompt.completion import Following, Patience, require_success
from benchrace_comfyui.prompt.outputs import results
from benchrace_comfyui.prompt.socket import Socket, listening
from benchrace_comfyui.prompt.trace import Trace
from benchrace_comfyui.prompt.withdraw import client_id, withdraw

# A worker that is cancelled has two seconds.
_WITHDRAW_S = 1.5
# A request that fails like this may have reached the server.
_UNANSWERED = (Category.TIMEOUT_CONNECT, Category.TIMEOUT_FIRST, Category.ENDED_EARLY)


class Ran(NamedTuple):
    """A prompt that succeeded. Instants are those of the agent's clock.

    It was sent at `posted_ns`, and known to be in the queue until `queued_ns` at least. `ahead`
    counts prompts that were queued before it, `foreign` all others beside it.
    """

    outcome: Finished
    trace: Trace
    posted_ns: int
    accepted_ns: int
    queued_ns: int
    complete_ns: int
    ahead: int
    foreign: int


async def run(
    client: ComfyClient,
    graph: Graph,
    context: Context,
    *,
    limit_s: float,
    patience: Patience,
    previews: bool = False,
) -> Ran:
    """Run a graph to its end; raises what `Following.run` raises, and `timeout_first`.

    However it ends, the server is left without the prompt, as far as it answers.
    """
    prompt_id, own_id = str(uuid.uuid4()), client_id(context)
    trace = Trace(
        prompt_id,
        graph,
        lambda at, of, phase: context.progress(at, of, "steps", phase=phase),
        context.preview if previews else None,
    )
    ahead, accepted_ns = len((await client.queue()).ids), 0
    async with listening(client.base, own_id, context.clock, previews=previews) as socket:
        if isinstance(socket, str):
            context.log(f"ComfyUI reports no progress, as {socket}", "warning")
            # They would cost time unseen, and the round would not show it.
            previews = False
        try:
            with anyio.fail_after(limit_s) as limit:
                posted_ns = context.clock.monotonic_ns()
                await client.post(graph.nodes, prompt_id, own_id, previews=previews)
                accepted_ns = context.clock.monotonic_ns()
                following = Following(client, prompt_id, context.clock, patience)
                follower = Follower(following, socket, trace, context.clock)
                outcome, complete_ns = await follower.run(limit, patience.last_messages_s)
        except BaseException as error:
            await _withdraw(client, prompt_id, own_id, context, accepted_ns > 0 or _answered(error))
            if isinstance(error, TimeoutError):
                raise _too_long(limit_s, max(ahead, trace.queued - 1)) from None
            raise
    outcome = outcome._replace(images=results(outcome.images, graph))
    require_success(outcome)
    foreign = max(ahead, following.foreign, trace.queued - 1)
    queued_ns = max(accepted_ns, following.queued_ns)
    return Ran(
        outcome, trace, posted_ns, accepted_ns, queued_ns, complete_ns, ahead=ahead, foreign=foreign
    )


class Follower:
    """Follows a prompt by questions and by the socket at once."""

    def __init__(
        self, following: Following, socket: Socket | str, trace: Trace, clock: Clock
    ) -> None:
        self._following = following
        self._socket = socket
        self._trace = trace
        self._clock = clock
        self._over = anyio.Event()

    async def run(self, limit: anyio.CancelScope, last_messages_s: float) -> tuple[Finished, int]:
        """Return how the prompt ended, and when that was known; raises as `Following.run`.

        Messages often come after the history: the last ones are awaited, beyond `limit`.
        """
        outcome: Finished | BenchraceError
        complete_ns = 0
        async with anyio.create_task_group() as tasks:
            if isinstance(self._socket, Socket):
                tasks.start_soon(self._listen, self._socket)
            else:
                self._over.set()
            try:
                outcome = await self._following.run()
                complete_ns = self._clock.monotonic_ns()
                limit.deadline = math.inf
                with anyio.move_on_after(last_messages_s if outcome.succeeded else 0):
                    await self._over.wait()
            except BenchraceError as error:
                # A group would wrap it.
                outcome = error
            tasks.cancel_scope.cancel()
        if isinstance(outcome, BenchraceError):
            raise outcome
        return outcome, complete_ns

    async def _listen(self, socket: Socket) -> None:
        following = self._following
        async for frame in socket:
            over = self._trace.read(frame)
            following.reporting = self._trace.began
            if over:
                following.over = True
                following.hint.set()
                self._over.set()
        following.cut = True
        following.reporting = False
        following.hint.set()
        self._over.set()


def _answered(error: BaseException) -> bool:
    """Check whether the server has answered the request that failed."""
    return isinstance(error, BenchraceError) and error.category not in _UNANSWERED


def _too_long(limit_s: float, others: int) -> BenchraceError:
    remedy = "Raise time_limit_s, or choose fewer steps or a smaller size."
    if others:
        remedy = "Other prompts were in its queue: leave ComfyUI to benchrace while it measures."
    return BenchraceError(Category.TIMEOUT_FIRST, f"no image within {limit_s:.0f} s", remedy)


async def _withdraw(
    client: ComfyClient, prompt_id: str, own_id: str, context: Context, answered: bool
) -> None:
    """Withdraw a prompt whatever happens around, and log whether the server is rid of it."""
    with anyio.CancelScope(shield=True):
        if await withdraw(client, prompt_id, own_id, _WITHDRAW_S, answered=answered):
            context.log("ComfyUI no longer works on the prompt that was given up")
        else:
            context.log("ComfyUI may still work on the prompt that was given up", "warning")
