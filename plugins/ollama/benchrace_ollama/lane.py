"""One lane on Ollama: its model, how it is loaded, requested and checked."""

from collections.abc import Callable
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
    Lane,
    Launch,
    LlmRecord,
    Loaded,
    ServeRecord,
    StreamLimits,
    StreamRequest,
    TextLane,
    find_gpu,
    whereabouts,
)
from benchrace_ollama import checks, errors, load, runner, stream
from benchrace_ollama.client import OllamaClient, Running
from benchrace_ollama.facts import LaneModel, facts
from benchrace_ollama.request import body, one_token

_SETTLED_S = 60.0


class OllamaLane(TextLane):
    """A lane on Ollama; it reports no cached counts, so that cache states are inferred."""

    early_end_remedy = (
        "Ollama silently ends an answer that repeats the same piece of text 31 times: raise the "
        "temperature, or use another prompt or seed. Otherwise Ollama or its runner died: check "
        "its log."
    )

    def __init__(
        self,
        lane: Lane[Any],
        context: Context,
        *,
        client: OllamaClient,
        launch: Launch,
        engine_gpu: EngineGpu,
    ) -> None:
        super().__init__(lane, context)
        self._client = client
        self._launch = launch
        self._engine_gpu = engine_gpu
        self._release_gpu: Callable[[], None] | None = None
        self._model: LaneModel | None = None
        self._running: Running | None = None
        # Those of the shortest prompt of the round.
        self._words: int | None = None

    async def load(self) -> Loaded:
        model = await self._find_model()
        return await load.load(self._client, model.route, self.lane.params, self.context)

    async def unload(self) -> None:
        model = await self._find_model()
        local = model.where.elsewhere is None
        await load.unload(self._client, model.route, self.context, local=local)

    async def facts(self) -> EngineFacts:
        model = await self._find_model()
        self._running = await load.same(self._client, model.route)
        version = await self._client.version()
        return facts(model, self.lane.params, self._running, version)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        if self._model is None:
            raise RuntimeError("the model was not looked up: call load or facts first")
        words = len(ask.prompt.split())
        self._words = words if self._words is None else min(self._words, words)
        route = self._model.route
        return StreamRequest(
            url=f"{self._client.base}{route.path}",
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(body(ask, route)),
            limits=limits,
        )

    def parse(self, data: bytes) -> Delta:
        return stream.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return errors.refusal(status, text)

    async def settle(self) -> bool:
        """Request one token with the lane's own options; the answer comes after running requests.

        Nothing else reveals them: /api/ps does not, and a load is answered at once. If Ollama
        serves several requests at a time it proves less, as another slot may answer.
        """
        client, params = self._client, self.lane.params
        try:
            if self._model is not None:
                route = self._model.route
            else:
                route = await load.find_route(client, params)
            if await load.same(client, route) is not None:
                await client.generate(one_token(params), _SETTLED_S)
        except BenchraceError as error:
            if self._model is None and error.category in errors.AWAY:
                return True
            self.context.log(f"Ollama may still be busy: {error.message}", "warning")
            return error.category is not Category.TIMEOUT_FIRST
        return True

    async def before_round(self) -> None:
        self._words = None

    async def after_round(self, record: LlmRecord | ServeRecord) -> None:
        checks.mark(record, self._words or 0, self._running, self.context)

    async def close(self) -> None:
        if self._release_gpu is not None:
            self._release_gpu()
            self._release_gpu = None

    async def _find_model(self) -> LaneModel:
        """Look the model up, once Ollama runs on the lane's GPU."""
        if self._model is None:
            client, context = self._client, self.context
            gpu = find_gpu(self.lane.params.gpu, context.gpus)
            if self._release_gpu is None:
                self._release_gpu = self._engine_gpu.hold(gpu)
            await load.ready(client, self._launch, context, gpu)
            route = await load.find_route(client, self.lane.params)
            where = await whereabouts(client.base, context)
            environ = await runner.environment_of(client.base, where, context)
            self._model = LaneModel(route, where, environ, gpu)
        return self._model
