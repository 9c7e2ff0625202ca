"""One lane on a server with OpenAI's API: its target, how it is requested and checked."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    Delta,
    EngineFacts,
    EngineGpu,
    Format,
    Lane,
    LlmRecord,
    Loaded,
    Oddities,
    Perplexity,
    Residence,
    ServeRecord,
    StreamLimits,
    StreamRequest,
    TextLane,
    find_gpu,
    whereabouts,
)
from benchrace_openai import errors, load, preflight, stream
from benchrace_openai.checks import LlamaServerChecks, RoundChecks
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine, Server
from benchrace_openai.facts import LaneTarget, facts
from benchrace_openai.field_probe import rejected_fields
from benchrace_openai.ollama import native_api
from benchrace_openai.ollama.rounds import OllamaChecks
from benchrace_openai.params import GenerateOptions
from benchrace_openai.perplexity.choice import measure
from benchrace_openai.request import body, route
from benchrace_openai.server import settling
from benchrace_openai.server.choice import choose

_PROBE_TOKENS = 2


class OpenAILane(TextLane):
    """A lane on one of the servers, which it chooses by its parameters."""

    tells_cached = True

    def __init__(
        self,
        lane: Lane[Any],
        context: Context,
        *,
        servers: Sequence[Server],
        gpus: Mapping[str, EngineGpu],
        oddities: Oddities,
    ) -> None:
        super().__init__(lane, context)
        self._servers = servers
        self._gpus = gpus
        self._oddities = oddities
        self._server: Server | None = None
        self._release_gpu: Callable[[], None] | None = None
        self._target: LaneTarget | None = None
        self._facts: EngineFacts | None = None
        self._checks: RoundChecks | None = None

    async def load(self) -> Loaded:
        client = await self._connect()
        wait_ns = await self._ready(client)
        info = await client.identify()
        model = preflight.find_model(info, self.lane.params.model, client.server)
        loaded = await load.load(client, model.id, self.context)
        if wait_ns is None:
            return loaded
        return Loaded(ns=wait_ns + (loaded.ns or 0), source="client")

    async def unload(self) -> None:
        target = self._opened()
        client = OpenAIClient(target.server, self.context)
        await load.unload(client, target.model.id, self.context)

    async def facts(self) -> EngineFacts:
        if self._facts is None or self._opened().info.ollama is not None:
            # Only Ollama reports other settings after a load.
            self._facts = await self._read_facts()
        return self._facts

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        target = self._opened()
        fields = body(ask, target.model.id, target.info.engine, target.unsent)
        return StreamRequest(
            url=target.url,
            headers=target.headers,
            body=json.dumps(fields).encode(),
            format=Format.SSE,
            limits=limits,
            # llama-server announces that it keeps a connection, but closes it after each stream.
            reuse=False,
        )

    def parse(self, data: bytes) -> Delta:
        return stream.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return errors.refusal(status, text)

    async def settle(self) -> bool:
        if self._target is not None:
            return await settling.settle_lane(self._target, self.lane.params, self.context)
        server = await self._choose()
        return server is None or await settling.settle_unopened(
            server, self.lane.params, self.context
        )

    async def perplexity(self) -> Perplexity | None:
        params = self.lane.params
        if not isinstance(params, GenerateOptions) or not params.perplexity:
            return None
        return await measure(self._opened(), params.residence, self.context)

    async def before_round(self) -> None:
        shared = self.lane.part is not None
        self._checks = _checks(self._opened(), self.context, shared=shared)
        if self._checks is not None:
            await self._checks.before(warm=self.lane.params.residence is Residence.WARM)

    async def after_round(self, record: LlmRecord | ServeRecord) -> None:
        if self._checks is not None:
            await self._checks.after(record)

    async def close(self) -> None:
        if self._release_gpu is not None:
            self._release_gpu()
            self._release_gpu = None

    async def _read_facts(self) -> EngineFacts:
        client = await self._connect()
        await self._ready(client)
        info = await client.identify()
        params = self.lane.params
        model = preflight.find_model(info, params.model, client.server)
        where = await whereabouts(client.server.root, self.context)
        target = LaneTarget(
            server=client.server,
            url=client.server.address.url(route(params.rendering), info.api),
            headers=(("content-type", "application/json"), *client.headers().items()),
            info=info,
            model=model,
            gpu=find_gpu(params.gpu, self.context.gpus),
            shown=None if info.ollama is None else await native_api.show(client, model.id),
            local=where.elsewhere is None,
        )
        self._oddities.log(info.odd, self.context)
        self._target = target = await self._probe_fields(target)
        sample = Ask(params=params, prompt="", system="", max_tokens=params.max_tokens)
        # A router would load the model for this.
        tokenizer = None if info.router else await client.tokenizer(model.id, info.engine)
        return facts(target, sample, where, tokenizer)

    async def _probe_fields(self, target: LaneTarget) -> LaneTarget:
        """Find the fields that the server rejects; llama-server and Ollama ignore unknown ones."""
        if target.info.engine in (Engine.LLAMA_SERVER, Engine.OLLAMA):
            return target
        params = self.lane.params
        sample = Ask(params=params, prompt="hello", system="", max_tokens=_PROBE_TOKENS)
        body_without = partial(body, sample, target.model.id, target.info.engine)
        limits = StreamLimits(first_s=params.first_token_s, idle_s=params.idle_s)
        unsent = await rejected_fields(target, body_without, self.context, limits)
        return msgspec.structs.replace(target, unsent=unsent)

    async def _ready(self, client: OpenAIClient) -> int | None:
        """Ensure that the server runs on the lane's GPU; raises if an open lane has it on another.

        Returns the wait in ns, None if there was none.
        """
        gpu = find_gpu(self.lane.params.gpu, self.context.gpus)
        if self._release_gpu is None:
            self._release_gpu = self._gpus[client.server.label].hold(gpu)
        return await load.ready(client, self.context, gpu)

    async def _connect(self) -> OpenAIClient:
        self._server = self._server or await self._choose()
        if self._server is None:
            problem = preflight.no_server(self.lane.params.server, self._servers)
            text = "; ".join([*map(str, problem.fields), *(p.message for p in problem.problems)])
            raise BenchraceError(Category.VALIDATION, text)
        return OpenAIClient(self._server, self.context)

    async def _choose(self) -> Server | None:
        params = self.lane.params
        return await choose(self._servers, params.server, params.model, self.context)

    def _opened(self) -> LaneTarget:
        if self._target is None:
            raise RuntimeError("the target of the lane is unknown: call facts first")
        return self._target


def _checks(target: LaneTarget, context: Context, *, shared: bool) -> RoundChecks | None:
    if target.info.ollama is not None:
        return OllamaChecks(target, context)
    if target.info.engine is Engine.LLAMA_SERVER and not target.info.router:
        return LlamaServerChecks(target, context, shared=shared)
    return None
