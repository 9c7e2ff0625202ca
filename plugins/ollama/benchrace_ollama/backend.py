"""The Ollama backend: its protocol, for `TextBackend` to measure by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    Answer,
    Ask,
    BenchraceError,
    CacheState,
    Category,
    Context,
    Device,
    Drawing,
    EngineFacts,
    FieldError,
    Kind,
    Lane,
    LlmRecord,
    Loaded,
    Params,
    Piece,
    Problem,
    Readiness,
    Record,
    Resource,
    ServeRecord,
    StreamLimits,
    StreamRequest,
    TextParams,
    Whereabouts,
    Workload,
    find_gpu,
    one_gpu,
    whereabouts,
)
from benchrace_ollama import doubt, line, residence
from benchrace_ollama.api import Api, Running
from benchrace_ollama.engine import Engine
from benchrace_ollama.facts import settings, tokenizer
from benchrace_ollama.names import find
from benchrace_ollama.options import GenerateOptions, ServeOptions
from benchrace_ollama.ready import readiness
from benchrace_ollama.refusal import missing, refusal
from benchrace_ollama.way import KEEP_ALIVE, Way, body, options, way

_SETTLED_S = 15.0
_AWAY = (Category.UNREACHABLE, Category.TIMEOUT_CONNECT, Category.MISSING_MODEL)
_USES = frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY})


def _workload(kind: Kind, params: type[Params]) -> Workload:
    return Workload(
        kind=kind,
        params=params,
        presets=TEXT_PRESETS,
        saturates=_USES,
        drawing=Drawing.TEXT,
        together=False,
    )


@dataclass
class Known:
    """What is known of a lane's model, and what its rounds have shown.

    `words` is of the shortest prompt of the round.
    """

    way: Way
    where: Whereabouts
    environ: Mapping[str, str] | None
    gpu: Device | None = None
    running: Running | None = None
    words: int | None = None
    prefills: list[doubt.Prefill] = field(default_factory=list)


class Ollama(Engine):
    """One per job. Ollama tells no cached count: a cache state is inferred from the nonce."""

    name = "ollama"
    title = "Ollama"
    workloads = (
        _workload(LLM, GenerateOptions),
        _workload(SERVE, ServeOptions),
    )
    tells_cached = False
    early_end_remedy = (
        "Ollama ends an answer that repeats the same piece of text 31 times, without a word: "
        "raise the temperature, or take another prompt or seed. Else its runner or itself died: "
        "look at its log."
    )

    @cached_property
    def _known(self) -> dict[str, Known]:
        return {}

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        params: TextParams = lane.params
        if not params.model:
            return Readiness(fields=(FieldError("model", "name one that Ollama has"),))
        try:
            gpu = find_gpu(lane.params.gpu, context.gpus)
            if (fixed := await self._process(context, gpu).fixed()) is not None:
                raise fixed
            return readiness(params, await self._way(params, context))
        except BenchraceError as error:
            if error.fields:
                return Readiness(fields=error.fields)
            if self._config.launch.known and error.category is Category.UNREACHABLE:
                return Readiness()
            if params.fallback == "mock" and error.category in _AWAY:
                return Readiness()
            return Readiness(problems=(Problem(message=error.message, remedy=error.remedy),))

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        api, known = self._api(context), await self._about(lane, context)
        known.running = await residence.same(api, known.way)
        return EngineFacts(
            name=self.name,
            version=await api.version(),
            model=known.way.tag.name,
            digest=known.way.tag.digest or None,
            quantization=known.way.tag.details.quantization_level or None,
            settings={
                **settings(lane.params, known.way, known.running, known.environ),
                "host_proof": known.where.proof,
                **({} if known.gpu is None else {"gpu": known.gpu.label}),
            },
            host=known.where.elsewhere or known.way.tag.remote_host or None,
            tokenizer=tokenizer(known.way.shown),
        )

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        known = await self._about(lane, context)
        loaded = await residence.load(self._api(context), known.way, lane.params, context)
        known.prefills.clear()
        if opened := self._lanes.get(lane.lane_id):
            opened.facts = await self.facts(lane, context)
        return loaded

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        known = await self._about(lane, context)
        near = known.where.elsewhere is None
        await residence.forget(self._api(context), known.way, context, near=near)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        known = self._known[ask.lane.lane_id]
        words = len(ask.prompt.split())
        known.words = words if known.words is None else min(known.words, words)
        return StreamRequest(
            url=f"{self.base}{known.way.path}",
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(body(ask, known.way)),
            limits=limits,
        )

    def read(self, data: bytes) -> Piece:
        return line.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return refusal(status, text)

    async def settle(self, lane: Lane[Any], context: Context) -> None:
        """Have one token made, with the lane's own options: its answer comes after all that the
        runner was still busy with. Nothing else tells: /api/ps does not, and a load is answered
        at once. Where Ollama serves several at a time it proves less, as another slot may answer.
        """
        known, api = self._known.get(lane.lane_id), self._api(context)
        params: TextParams = lane.params
        asked = {
            "model": params.model,
            "prompt": ".",
            "raw": True,
            "keep_alive": KEEP_ALIVE,
            "options": options(params, 1),
        }
        try:
            if known is not None and await residence.same(api, known.way) is not None:
                await api.generate(asked, _SETTLED_S)
        except BenchraceError as error:
            context.log(f"Ollama may still be busy: {error.message}", "warning")

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """As for any backend; what shares the file of `keep` is in memory once, and stays."""
        api = self._api(context)
        try:
            kept = None if keep is None else await self._resident(api, keep.params, context)
            names = [each.name for each in await api.resident() if each != kept]
            await residence.empty(api, names)
        except BenchraceError as error:
            # What does not answer holds nothing that this machine could know of.
            return () if error.category in _AWAY else (f"Ollama: {error.message}",)
        if names:
            context.log(f"Ollama let go of {', '.join(names)}")
        return ()

    async def round(self, lane: Lane[Any], context: Context) -> Record:
        if known := self._known.get(lane.lane_id):
            known.words = None
        record = await super().round(lane, context)
        if isinstance(record, LlmRecord | ServeRecord) and not record.simulated:
            self._doubts(self._known[lane.lane_id], record, context)
        return record

    async def close(self, lane: Lane[Any], context: Context) -> None:
        await super().close(lane, context)
        self._known.pop(lane.lane_id, None)

    def _doubts(self, known: Known, record: LlmRecord | ServeRecord, context: Context) -> None:
        single = isinstance(record, LlmRecord)
        answers = (record.answer,) if isinstance(record, LlmRecord) else record.answers
        running = known.running
        room = None if running is None else running.context_length
        found: list[doubt.Doubt | None] = []
        for each in answers:
            found += doubt.of_answer(each, known.words or 0, room)
            if single:
                found += [doubt.waited(each), self._cached(known, each)]
        if record.cache is CacheState.UNKNOWN:
            found.append(doubt.UNKNOWN_CACHE)
        if running is not None:
            found.append(doubt.spilled(running.size, running.size_vram))
        for said in doubt.each_once([each for each in found if each is not None]):
            mark = context.invalid if said.fatal else context.suspect
            mark(said.code, said.text)

    def _cached(self, known: Known, answer: Answer) -> doubt.Doubt | None:
        tokens, took = answer.usage.prompt, answer.times.prefill_ns
        if tokens is None or took is None:
            return None
        now = doubt.Prefill(tokens, took)
        found = doubt.cached(now, known.prefills)
        known.prefills.append(now)
        return found

    async def _about(self, lane: Lane[Any], context: Context) -> Known:
        if lane.lane_id not in self._known:
            gpu = await self._provide(lane, context)
            found = await self._way(lane.params, context)
            where = await whereabouts(self.base, context)
            environ = await self._environ(where, context)
            self._known[lane.lane_id] = Known(found, where, environ, gpu)
        return self._known[lane.lane_id]

    async def _provide(self, lane: Lane[Any], context: Context) -> Device | None:
        """Have Ollama run where the lane wants it, if it is ours to start."""
        gpu = find_gpu(lane.params.gpu, context.gpus)
        if any(each.gpu != gpu for each in self._known.values()):
            raise one_gpu(self.title)
        if gpu is not None or self._config.launch.known:
            done = await self._process(context, gpu).provide()
            if done is not None and not done.ok:
                text = f"Ollama did not start: {'; '.join(done.notes)}"
                remedy = "Correct `launch` in the table `ollama` of agent.yaml."
                raise BenchraceError(Category.UNREACHABLE, text, remedy)
        return gpu

    async def _resident(self, api: Api, params: TextParams, context: Context) -> Running | None:
        try:
            return await residence.same(api, await self._way(params, context))
        except BenchraceError as error:
            if error.category is Category.MISSING_MODEL:
                return None
            raise

    async def _way(self, params: TextParams, context: Context) -> Way:
        api = self._api(context)
        tag = find(params.model, await api.tags())
        if tag is None:
            raise missing(params.model)
        return way(tag, await api.show(tag.name), params)
