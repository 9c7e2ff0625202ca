"""The backend: llama-server, vLLM, SGLang, LM Studio, MLX and others that speak OpenAI's API."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    Ask,
    BenchraceError,
    Category,
    Config,
    Context,
    Drawing,
    EngineFacts,
    Fallback,
    Format,
    Lane,
    LlmRecord,
    Loaded,
    NotOffered,
    Operated,
    Operation,
    Perplexity,
    Piece,
    Probe,
    Problem,
    Readiness,
    Record,
    Rendering,
    Reset,
    Residence,
    Resource,
    StreamLimits,
    StreamRequest,
    TextBackend,
    Unloaded,
    Workload,
    find_gpu,
    one_gpu,
    whereabouts,
)
from benchrace_openai import (
    checks,
    company,
    loading,
    operations,
    probing,
    reading,
    refusals,
    residency,
)
from benchrace_openai.answer import Listed
from benchrace_openai.body import body
from benchrace_openai.calls import Calls, Found
from benchrace_openai.choice import choose
from benchrace_openai.facts import At, facts
from benchrace_openai.foresight import foreseen
from benchrace_openai.options import GenerateOptions, ServeOptions
from benchrace_openai.settings import Engine, OpenAIConfig, Server, servers
from benchrace_openai.trial import refused

_TRIAL_TOKENS = 2
_USES = frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY})


class OpenAIBackend(TextBackend):
    """Many servers, one protocol. Each tells its cached count, or is asked twice in vain."""

    name = "openai"
    title = "OpenAI-compatible server"
    version = None
    config = OpenAIConfig
    tells_cached = True
    workloads = (
        Workload(
            kind=LLM,
            params=GenerateOptions,
            presets=TEXT_PRESETS,
            saturates=_USES,
            drawing=Drawing.TEXT,
            together=False,
        ),
        Workload(
            kind=SERVE,
            params=ServeOptions,
            presets=TEXT_PRESETS,
            saturates=_USES,
            drawing=Drawing.TEXT,
            together=False,
        ),
    )

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.servers = servers(config)
        self._at: dict[str, At] = {}
        self._perplexity: dict[str, Perplexity] = {}

    async def probe(self, context: Context) -> Probe:
        if not self.servers:
            return Probe(reachable=False, problems=(checks.UNCONFIGURED,))
        return await probing.probe(self.servers, context)

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        server = await self._server(lane, context)
        if server is None:
            return checks.no_server(lane.params.server, self.servers)
        calls = Calls(server, context)
        try:
            gpu = find_gpu(lane.params.gpu, context.gpus)
            if (fixed := await loading.process(calls, context, gpu).fixed()) is not None:
                raise fixed
            if await calls.loading():
                return Readiness()
            return checks.readiness(lane.params, await calls.find(), server)
        except BenchraceError as error:
            mock = lane.params.fallback is Fallback.MOCK
            if error.fields:
                return Readiness(fields=error.fields)
            if mock or (server.launch.known and error.category is Category.UNREACHABLE):
                return Readiness()
            return Readiness(problems=(Problem(message=error.message, remedy=error.remedy),))

    async def open(self, lane: Lane[Any], context: Context) -> None:
        await super().open(lane, context)
        at = self._at.get(lane.lane_id)
        if at is None or not isinstance(lane.params, GenerateOptions) or not lane.params.perplexity:
            return
        found = await foreseen(at, lane.params.residence, context)
        if found is not None:
            self._perplexity[lane.lane_id] = found

    async def round(self, lane: Lane[Any], context: Context) -> Record:
        play = partial(super().round, lane, context)
        at = self._at.get(lane.lane_id)
        if at is None or at.found.engine is not Engine.LLAMA_SERVER or at.found.router:
            record = await play()
        else:
            stays = lane.params.residence is Residence.WARM
            real = self._lanes[lane.lane_id].mock is None
            record = await company.watched(at, play, stays and real, context)
        found = self._perplexity.get(lane.lane_id)
        if found is None or not isinstance(record, LlmRecord) or record.simulated:
            return record
        return msgspec.structs.replace(record, perplexity=found)

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        calls = await self._calls(lane, context)
        took = await self._ready(lane, calls, context)
        found = await calls.find()
        model = _model(found, lane.params.model, calls.server)
        loaded = await loading.load(calls, model.id, context)
        if took is None:
            return loaded
        return Loaded(ns=took + (loaded.ns or 0), source="client")

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        calls = await self._calls(lane, context)
        await self._ready(lane, calls, context)
        found = await calls.find()
        model = _model(found, lane.params.model, calls.server)
        at = At(
            server=calls.server,
            url=calls.server.root + _path(lane.params.rendering),
            headers=(("content-type", "application/json"), *calls.headers().items()),
            found=found,
            model=model,
            gpu=find_gpu(lane.params.gpu, context.gpus),
        )
        at = await self._tried(at, lane, calls, context)
        self._at[lane.lane_id] = at
        sample = Ask(lane=lane, prompt="", system="", max_tokens=lane.params.max_tokens)
        place = await whereabouts(calls.server.root, context)
        # A router would load the model for it.
        tokenizer = None if found.router else await calls.tokenizer(model.id, found.engine)
        return facts(at, sample, place, tokenizer)

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        at = self._at[lane.lane_id]
        await loading.forget(Calls(at.server, context), at.model.id, context)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        at = self._at[ask.lane.lane_id]
        sent = body(ask, at.model.id, at.found.engine, at.unsent)
        return StreamRequest(
            url=at.url,
            headers=at.headers,
            body=json.dumps(sent).encode(),
            format=Format.SSE,
            limits=limits,
            # llama-server promises to keep a connection, and closes it after each stream.
            reuse=False,
        )

    def read(self, data: bytes) -> Piece:
        return reading.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return refusals.refusal(status, text)

    async def settle(self, lane: Lane[Any], context: Context) -> None:
        at = self._at.get(lane.lane_id)
        if at is not None and at.found.engine is Engine.LLAMA_SERVER and not at.found.router:
            await loading.settle(Calls(at.server, context), context)

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        server = None if keep is None else await self._server(keep, context)
        model = "" if keep is None else keep.params.model
        return await residency.release(self.servers, server, model, context)

    async def reset(self, context: Context) -> Reset:
        return await operations.reset(self._startable(context, Operation.RESET), context)

    async def start(self, context: Context) -> Operated:
        return await operations.start(self._startable(context, Operation.START), context)

    async def stop(self, context: Context) -> Operated:
        return await operations.stop(self._startable(context, Operation.STOP), context)

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        every = [Calls(server, context) for server in self.servers]
        return await operations.unload(every, model, context)

    async def _ready(self, lane: Lane[Any], calls: Calls, context: Context) -> int | None:
        """Have the server run where the lane wants it; raises where another open lane is there."""
        gpu = find_gpu(lane.params.gpu, context.gpus)
        for each in self._lanes.keys() & self._at.keys():
            at = self._at[each]
            if at.server == calls.server and at.gpu != gpu:
                raise one_gpu(calls.server.label)
        return await loading.ready(calls, context, gpu)

    async def _tried(self, at: At, lane: Lane[Any], calls: Calls, context: Context) -> At:
        """Leave out what the server refuses; llama-server passes over what it does not know."""
        if at.found.engine is Engine.LLAMA_SERVER:
            return at
        sample = Ask(lane=lane, prompt="hello", system="", max_tokens=_TRIAL_TOKENS)
        wanted = body(sample, at.model.id, at.found.engine, ())
        path = _path(lane.params.rendering)
        unsent = await refused(calls, path, wanted, context, lane.params.first_token_s)
        return msgspec.structs.replace(at, unsent=unsent)

    async def _calls(self, lane: Lane[Any], context: Context) -> Calls:
        server = await self._server(lane, context)
        if server is None:
            problem = checks.no_server(lane.params.server, self.servers)
            text = "; ".join([*map(str, problem.fields), *(p.message for p in problem.problems)])
            raise BenchraceError(Category.VALIDATION, text)
        return Calls(server, context)

    async def _server(self, lane: Lane[Any], context: Context) -> Server | None:
        return await choose(self.servers, lane.params.server, lane.params.model, context)

    def _startable(self, context: Context, operation: Operation) -> list[Calls]:
        found = [Calls(each, context) for each in self.servers if each.launch.known]
        if not found:
            remedy = "Set `launch` in the table `openai` of agent.yaml: a unit, or a command."
            raise NotOffered(self.name, operation, "nothing says how it is started", remedy)
        return found


def _path(rendering: Rendering) -> str:
    return "/v1/completions" if rendering is Rendering.RAW else "/v1/chat/completions"


def _model(found: Found, name: str, server: Server) -> Listed:
    model = found.model(name)
    if model is None:
        raise BenchraceError(Category.MISSING_MODEL, checks.missing(name, found, server))
    return model
