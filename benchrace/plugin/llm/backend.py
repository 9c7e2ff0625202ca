"""A backend for engines that generate text: it measures, its subclass speaks the protocol."""

import secrets
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds import Record
from benchrace.kinds.llm import (
    CacheProof,
    CacheState,
    EngineFacts,
    Fallback,
    LlmRecord,
    Prefix,
    Residence,
    ServeParams,
    ServeRecord,
    TextParams,
)
from benchrace.plugin.backend import Backend, Lane
from benchrace.plugin.context import Context
from benchrace.plugin.llm import cache, gaps, many, mock, writing
from benchrace.plugin.llm.ask import Ask, ask, digest_of, limits_of, nonce_alone, nonce_text
from benchrace.plugin.llm.hearing import Heard, hear, unshown
from benchrace.plugin.llm.marks import mark
from benchrace.plugin.llm.opened import Loaded, Opened
from benchrace.plugin.llm.piece import Piece
from benchrace.plugin.llm.release import release
from benchrace.plugin.operations import Writing, Written
from benchrace.plugin.stream import StreamLimits, StreamRequest, TimingSource

# Why a lane could not be opened, in the words that a mock gives for it.
_FALLBACKS = {
    Category.UNREACHABLE: "unreachable",
    Category.TIMEOUT_CONNECT: "unreachable",
    Category.MISSING_MODEL: "missing_model",
    Category.TIMEOUT_FIRST: "stream_error",
    Category.TIMEOUT_IDLE: "stream_error",
    Category.ENDED_EARLY: "stream_error",
    Category.STREAM_ERROR: "stream_error",
}


class TextBackend(Backend):
    """Subclass this with the engine's protocol. Requests, stamps, nonces, caches, verdicts and
    many streams are its own work, so that all engines are measured alike.

    `tells_cached` says whether the engine tells how much of a prompt it had already; only then
    can a cache state be proved. `early_end_remedy` says what to do where a stream just ends.
    """

    tells_cached: ClassVar[bool] = False
    early_end_remedy: ClassVar[str] = "See the engine's log: it closed the stream or found a loop."

    @abstractmethod
    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        """Say which engine and model answer, with the settings that both run with."""

    @abstractmethod
    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        """Make the model resident with the lane's settings, over `context.http`.

        Raises `missing_model` and others.
        """

    @abstractmethod
    async def forget(self, lane: Lane[Any], context: Context) -> None:
        """Unload the lane's model, and return when that is true. Raises where it cannot be."""

    @abstractmethod
    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        """Turn what is asked into a request; every parameter that the engine has is sent."""

    @abstractmethod
    def read(self, data: bytes) -> Piece:
        """Say what one chunk says; raises `bad_output` for what is no message."""

    def refusal(self, status: int, text: str) -> BenchraceError:
        """Say what an answer that is no success means."""
        return BenchraceError(Category.STREAM_ERROR, f"the engine answers {status}: {text:.500}")

    async def settle(self, lane: Lane[Any], context: Context) -> None:
        """Wait until the engine has really stopped, after an answer that was not heard out."""
        return

    async def open(self, lane: Lane[Any], context: Context) -> None:
        params: TextParams = lane.params
        try:
            loaded = Loaded()
            if params.residence is Residence.WARM:
                loaded = await self.load(lane, context)
            facts = await self.facts(lane, context)
            opened = Opened(facts=facts, loaded=loaded)
            if self.tells_cached and params.residence is Residence.WARM:
                opened.prefix = await self._prefix(lane, context)
        except BenchraceError as error:
            reason = _FALLBACKS.get(error.category)
            if params.fallback is not Fallback.MOCK or reason is None:
                raise
            context.log(f"a mock takes the engine's place: {error.message}", "warning")
            opened = Opened(facts=mock.FACTS, loaded=Loaded(), mock=reason)
        self._lanes[lane.lane_id] = opened

    async def round(self, lane: Lane[Any], context: Context) -> Record:
        opened = self._lanes[lane.lane_id]
        if opened.mock is not None:
            return await self._mocked(lane, context, opened)
        if lane.params.residence is Residence.COLD:
            await self.forget(lane, context)
            opened.loaded = await self.load(lane, context)
        opened.unsettled = True
        if isinstance(lane.params, ServeParams):
            record: Record = await self._many(lane, context, opened)
        else:
            record = await self._single(lane, context, opened)
        opened.unsettled = False
        return record

    async def close(self, lane: Lane[Any], context: Context) -> None:
        opened = self._lanes.pop(lane.lane_id, None)
        if opened is not None and opened.unsettled:
            await self.settle(lane, context)

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        return await release(self, None if keep is None else keep.params.model, context)

    async def write(self, model: str, asked: Writing, context: Context) -> Written:
        return await writing.write(self, model, asked, context)

    @property
    def _lanes(self) -> dict[str, Opened]:
        lanes: dict[str, Opened] = self.__dict__.setdefault("_opened", {})
        return lanes

    def _nonce(self, opened: Opened, *parts: object) -> str:
        """A nonce that this model has not seen from here, under whatever name it was asked: lanes
        that the worker takes for unlike models get equal ones, and may yet share an engine.
        """
        spoken: set[tuple[str, str]] = self.__dict__.setdefault("_spoken", set())
        model, nonce = opened.facts.digest or opened.facts.model, nonce_text(*parts)
        while (model, nonce) in spoken:
            nonce = nonce_text(nonce, "again")
        spoken.add((model, nonce))
        return nonce

    async def _single(self, lane: Lane[Any], context: Context, opened: Opened) -> Record:
        nonce = self._nonce(opened, context.round.nonce)
        request = self.request(ask(lane, nonce), limits_of(lane.params))
        connect = await context.stream.prepare(request.url)
        t0 = context.clock.monotonic_ns()
        heard = await hear(self, request, context, number=0, t0_ns=t0, show=context.token)
        if heard.failure is not None:
            await self._unwell(lane, context, opened)
            raise heard.failure
        answer = heard.answer
        if connect:
            answer = msgspec.structs.replace(answer, connect_ns=connect)
        record = LlmRecord(
            **self._around(lane, context, opened, [replace(heard, answer=answer)]),
            answer=answer,
            text=heard.text,
            nonce=nonce if lane.params.prefix is Prefix.UNIQUE else "",
        )
        mark(record, [answer], lane.params, context)
        return record

    async def _many(self, lane: Lane[Any], context: Context, opened: Opened) -> Record:
        limits = limits_of(lane.params)

        def request(number: int) -> StreamRequest:
            nonce = self._nonce(opened, context.round.nonce, number)
            return self.request(ask(lane, nonce, number=number), limits)

        for _ in range(many.at_once(lane.params)):
            await context.stream.prepare(request(0).url)
        t0 = context.clock.monotonic_ns()
        heard = await many.play(self, request, lane.params, context, t0)
        failed = [each.failure for each in heard if each.failure is not None]
        good = [each for each in heard if each.failure is None]
        if failed:
            await self._unwell(lane, context, opened)
            if not good:
                raise failed[0]
            text = f"{len(failed)} of {len(heard)} requests failed: {failed[0].message}"
            context.suspect("requests_failed", text)
        record = ServeRecord(
            **self._around(lane, context, opened, good),
            answers=tuple(each.answer for each in heard),
            gaps=gaps.digest([gap for each in good for gap in each.gaps]),
            steady=many.steady(heard, lane.params, t0),
        )
        mark(record, [each.answer for each in good], lane.params, context)
        return record

    async def _mocked(self, lane: Lane[Any], context: Context, opened: Opened) -> Record:
        t0 = context.clock.monotonic_ns()
        asked = ask(lane, nonce_text(context.round.nonce))
        heard = await mock.answer(asked, context, t0)
        around = self._around(lane, context, opened, [heard])
        # It holds no memory that others could want.
        around |= {"alone": None, "stayed": ()}
        record: LlmRecord | ServeRecord
        if isinstance(lane.params, ServeParams):
            record = ServeRecord(**around, answers=(heard.answer,), gaps=heard.answer.gaps)
        else:
            record = LlmRecord(**around, answer=heard.answer, text=heard.text)
        mark(record, [], lane.params, context)
        return record

    async def _unwell(self, lane: Lane[Any], context: Context, opened: Opened) -> None:
        await self.settle(lane, context)
        opened.unsettled = False

    async def _prefix(self, lane: Lane[Any], context: Context) -> int | None:
        """What the template alone always hits: the cached count of a second, unlike prompt."""
        lane = nonce_alone(lane)
        cached: int | None = None
        for _ in range(2):
            asked = ask(lane, nonce_text(secrets.token_hex(16)), max_tokens=1)
            request = self.request(asked, limits_of(lane.params))
            t0 = context.clock.monotonic_ns()
            heard = await hear(self, request, context, number=0, t0_ns=t0, show=unshown)
            # The one token may have no text, where a model begins to think: it is counted still.
            if heard.failure is not None and heard.answer.finish is None:
                raise heard.failure
            cached = heard.answer.usage.cached
        return cached

    def _around(
        self, lane: Lane[Any], context: Context, opened: Opened, heard: Sequence[Heard]
    ) -> dict[str, Any]:
        told = [each.answer.usage.cached for each in heard]
        state, proof = cache.state(lane.params, opened.prefix, told)
        if opened.mock is not None:
            state, proof = CacheState.UNKNOWN, CacheProof.NONE
        sources = {each.source for each in heard}
        return {
            "engine": opened.facts,
            "cache": state,
            "cache_proof": proof,
            "prefix_tokens": opened.prefix,
            "load_ns": opened.loaded.ns,
            "load_source": opened.loaded.source,
            "timing_source": sources.pop() if len(sources) == 1 else TimingSource.MIXED,
            "prompt_digest": digest_of(lane.params),
            "simulated": opened.mock is not None,
            "fallback_reason": opened.mock,
            "alone": context.round.alone,
            "stayed": context.round.stayed,
        }
