"""One lane on llama-server, which it starts; its workers are on other machines."""

import json
from functools import partial
from typing import Any

import anyio

from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    Delta,
    EngineFacts,
    Format,
    Lane,
    LlmRecord,
    Loaded,
    NetworkBytes,
    Perplexity,
    Residence,
    ServeRecord,
    StreamLimits,
    StreamRequest,
    TextLane,
    chat_api,
)
from benchrace_llamacpp import errors, load, stream
from benchrace_llamacpp.checks import RoundChecks
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.coordinator.server import CoordinatorServer, Started
from benchrace_llamacpp.facts import Reported, facts, load_report
from benchrace_llamacpp.network import Traffic
from benchrace_llamacpp.params import GenerateOptions
from benchrace_llamacpp.port import was_closed
from benchrace_llamacpp.request import body

_SETTLED_S = 60.0


class LlamaCppLane(TextLane):
    """A lane on the one llama-server of the job."""

    tells_cached = True
    early_end_remedy = "Read llama-server's log and, of a lane on several machines, its workers'."

    def __init__(
        self, lane: Lane[Any], context: Context, *, config: LlamaCppConfig, pool: Coordinators
    ) -> None:
        super().__init__(lane, context)
        self._config = config
        self._pool = pool
        self._plan: ServerPlan | None = None
        self._held = False
        self._checks: RoundChecks | None = None
        self._traffic: Traffic | None = None

    async def load(self) -> Loaded:
        server, is_new = await self._provide()
        if not is_new:
            return Loaded()
        started = _started(server)
        self.context.log(load_report(server.plan, started))
        return Loaded(ns=started.load_ns, source="client")

    async def unload(self) -> None:
        await self._pool.stop(self.context)

    async def facts(self) -> EngineFacts:
        server, _ = await self._provide()
        client = server.client(self.context)
        model, meta = await client.meta()
        reported = Reported(
            model=model,
            props=await client.props() or chat_api.Props(),
            meta=meta,
            tokenizer=await client.tokenizer(),
        )
        params = self.lane.params
        sample = Ask(params=params, prompt="", system="", max_tokens=params.max_tokens)
        return facts(server.plan, _started(server), reported, sample)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        plan = self._opened()
        return StreamRequest(
            url=f"{plan.url}{chat_api.route(ask.params.rendering)}",
            headers=(("content-type", "application/json"),),
            body=json.dumps(body(ask, plan.model.name)).encode(),
            format=Format.SSE,
            limits=limits,
            # It announces that it keeps a connection, but closes it after each stream.
            reuse=False,
        )

    def parse(self, data: bytes) -> Delta:
        return stream.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return errors.refusal(status, text)

    async def settle(self) -> bool:
        """Wait until no slot is busy; a server that does not run has settled."""
        server, context = self._pool.current, self.context
        if server is None or server.status() is not None:
            return True
        client = server.client(context)

        async def idle() -> bool:
            return not any(slot.is_processing for slot in await client.slots() or ())

        try:
            await chat_api.until(idle, _SETTLED_S, context, "llama-server is still busy")
        except BenchraceError as error:
            context.log(f"llama-server may still be busy: {error.message}", "warning")
            return error.category is not Category.TIMEOUT_FIRST
        return True

    async def perplexity(self) -> Perplexity | None:
        params = self.lane.params
        if not isinstance(params, GenerateOptions) or not params.perplexity:
            return None
        if params.residence is Residence.COLD:
            self.context.log("perplexity is unknown: only warm lanes measure it", "warning")
            return None
        server, _ = await self._provide()
        client = server.client(self.context)
        try:
            return await chat_api.token_perplexity(client, self._opened().model.name, self.context)
        except BenchraceError as error:
            self.context.log(f"perplexity is unknown: {error.message}", "warning")
            return None

    async def before_round(self) -> None:
        """Check that the lane's server is well and has all workers.

        Raises `ended_early` otherwise, upon which the lane is opened again: a server that started
        here would load after the start line, and be measured with the facts of the one before.
        """
        plan = self._opened()
        lost = await self._orphaned() or await self._pool.unwell(plan, self.context)
        server = self._pool.current
        if lost is not None or server is None:
            await self._pool.stop(self.context)
            raise BenchraceError(
                Category.ENDED_EARLY,
                f"llama-server was lost before the round: {lost}",
                "Read the logs of llama-server and of the workers; the lane is opened again.",
            )
        self._checks = RoundChecks(server, self.context)
        await self._checks.before()
        endpoints = server.plan.endpoints
        self._traffic = await self.context.run_blocking(lambda: Traffic.begin(endpoints))

    async def network(self) -> NetworkBytes | None:
        traffic, self._traffic = self._traffic, None
        if traffic is None or not self._opened().peers:
            return None
        sent, unknown = await self.context.run_blocking(traffic.total)
        return NetworkBytes(sent=sent, unknown=unknown)

    async def after_round(self, record: LlmRecord | ServeRecord) -> None:
        if self._checks is not None:
            await self._checks.after(record)

    async def close(self) -> None:
        if self._held:
            self._held = False
            # Workers are lent to this lane alone; without any, the next lane may have its model.
            keep = not self._opened().peers and self._config.keep_warm
            with anyio.CancelScope(shield=True):
                await self._pool.leave(self.context, keep=keep)

    async def _provide(self) -> tuple[CoordinatorServer, bool]:
        if self._plan is None:
            self._plan = await load.plan(self.lane, self._config, self.context)
        if not self._held:
            self._held = True
            self._pool.hold()
        return await self._pool.provide(self._plan, self.context)

    async def _orphaned(self) -> str | None:
        """Return which worker has left: the server's health says nothing of that, sockets do."""
        server = self._pool.current
        if server is None or not server.plan.peers:
            return None
        program = await self.context.run_blocking(server.process.program)
        if program is None:
            return None
        for peer in server.plan.peers:
            check = partial(was_closed, program.pid, peer.endpoint)
            if await self.context.run_blocking(check):
                return f"{errors.named(peer)} has closed its connection"
        return None

    def _opened(self) -> ServerPlan:
        if self._plan is None:
            raise RuntimeError("the lane has no server: call load or facts first")
        return self._plan


def _started(server: CoordinatorServer) -> Started:
    if server.started is None:
        raise RuntimeError("the server has not started")
    return server.started
