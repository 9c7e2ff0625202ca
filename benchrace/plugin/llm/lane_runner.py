"""Run one lane of text: open it, measure its rounds, and close it, for any engine alike."""

import secrets
from collections import Counter
from dataclasses import replace

import anyio
import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import (
    EngineFacts,
    Fallback,
    LlmRecord,
    Residence,
    ServeParams,
    ServeRecord,
    TextParams,
)
from benchrace.plugin.llm import load_generator, mock, records, reopened, saturation
from benchrace.plugin.llm.answer_checks import mark
from benchrace.plugin.llm.prompt import ask, limits_of, nonce_alone, nonce_text
from benchrace.plugin.llm.records import Opening
from benchrace.plugin.llm.reference import comparable, reference
from benchrace.plugin.llm.response.finish import counted
from benchrace.plugin.llm.response.oddities import Oddities
from benchrace.plugin.llm.response.stream import ignore_text, read_response
from benchrace.plugin.llm.share import require_size, seed_of, share_of
from benchrace.plugin.llm.text_lane import Loaded, TextLane
from benchrace.plugin.stream import StreamRequest

# Closing is bounded; the next lane on this engine waits for it again.
_CLOSE_SETTLE_S = 8.0
# The reason that a mock's record gives for a lane that could not be opened.
_FALLBACKS = {
    Category.UNREACHABLE: "unreachable",
    Category.TIMEOUT_CONNECT: "unreachable",
    Category.MISSING_MODEL: "missing_model",
    Category.TIMEOUT_FIRST: "stream_error",
    Category.TIMEOUT_IDLE: "stream_error",
    Category.ENDED_EARLY: "stream_error",
    Category.STREAM_ERROR: "stream_error",
}


class LaneRunner:
    """Runs a lane for as long as its job; each time it opens, it gets a new `TextLane`."""

    def __init__(self, oddities: Oddities) -> None:
        self._oddities = oddities
        # The engine on which the lane began, for a lane that is opened again.
        self._first_facts: EngineFacts | None = None
        self._lane: TextLane | None = None
        self._opening: Opening | None = None
        # Rounds that were begun: even a repeated round has a nonce of its own.
        self._attempts = 0
        # An answer was abandoned, which the engine may still be computing.
        self._unsettled = False

    @property
    def lane(self) -> TextLane | None:
        """The lane from `open` to `close`, even if it could not be opened."""
        return self._lane

    async def open(self, lane: TextLane) -> None:
        """Load the model, and check what the rounds need; raises unless a mock may answer."""
        await self.close()
        self._lane = lane
        params: TextParams = lane.lane.params
        if isinstance(params, ServeParams):
            require_size(params, lane.lane.part)
        try:
            self._opening = await self._check(lane, params)
        except BenchraceError as error:
            reason = _FALLBACKS.get(error.category)
            begun = self._first_facts is not None
            if begun or params.fallback is not Fallback.MOCK or reason is None:
                raise
            lane.context.log(f"using a mock instead of the engine: {error.message}", "warning")
            self._opening = Opening(facts=mock.FACTS, loaded=Loaded(), mock=reason)

    async def round(self) -> LlmRecord | ServeRecord:
        """Measure one round; raises the failure of its answer."""
        lane, opening = self._lane, self._opening
        if lane is None or opening is None:
            raise RuntimeError("the lane is not open")
        params: TextParams = lane.lane.params
        if opening.mock is not None:
            return await self._mocked(lane, params, opening)
        if self._unsettled:
            await lane.settle()
        if params.residence is Residence.COLD:
            await lane.unload()
            loaded = await lane.load()
            self._opening = opening = replace(opening, loaded=loaded, facts=await lane.facts())
        await lane.before_round()
        self._unsettled = True
        self._attempts += 1
        record: LlmRecord | ServeRecord
        if isinstance(params, ServeParams):
            record = await self._many(lane, params, opening)
        else:
            record = await self._single(lane, params, opening)
        await lane.after_round(record)
        return record

    async def close(self) -> None:
        """Wait for a moment if an answer was abandoned, then close the lane, if it is open."""
        lane, self._lane, self._opening = self._lane, None, None
        unsettled, self._unsettled = self._unsettled, False
        if lane is None:
            return
        try:
            if unsettled:
                with anyio.move_on_after(_CLOSE_SETTLE_S):
                    await lane.settle()
        finally:
            await lane.close()

    async def _check(self, lane: TextLane, params: TextParams) -> Opening:
        warm = params.residence is Residence.WARM
        loaded = await lane.load() if warm else Loaded()
        facts = await lane.facts()
        if self._first_facts is None:
            self._first_facts = facts
        reopened.check(self._first_facts, facts)
        if warm:
            # Unloading, with which cold rounds begin, waits by itself for running requests.
            await lane.settle()
        return Opening(
            facts=facts,
            loaded=loaded,
            prefix=await _prefix(lane, params) if lane.tells_cached and warm else None,
            reference=await reference(lane, params) if comparable(params) else "",
            perplexity=await lane.perplexity(),
        )

    async def _single(self, lane: TextLane, params: TextParams, opening: Opening) -> LlmRecord:
        context = lane.context
        nonce = nonce_text(context.round.nonce, self._attempts)
        request = lane.request(ask(params, nonce), limits_of(params))
        connect = await context.stream.prepare(request.url)
        t0 = context.clock.monotonic_ns()
        response = await read_response(
            lane, request, context, number=0, t0_ns=t0, show=context.token
        )
        self._oddities.log(response.odd, context)
        if response.failure is not None:
            raise response.failure
        self._unsettled = False
        network = await lane.network()
        if connect:
            answer = msgspec.structs.replace(response.answer, connect_ns=connect)
            response = replace(response, answer=answer)
        record = records.single(opening, params, context, response, nonce)
        record = msgspec.structs.replace(record, network=network)
        mark(record, [response.answer], params, context)
        return record

    async def _many(self, lane: TextLane, params: ServeParams, opening: Opening) -> ServeRecord:
        context, limits, part = lane.context, limits_of(params), lane.lane.part
        share = share_of(params, part)
        seeded = msgspec.structs.replace(params, seed=seed_of(params, part))

        def request(number: int) -> StreamRequest:
            nonce = nonce_text(context.round.nonce, self._attempts, number)
            return lane.request(ask(seeded, nonce, number=number), limits)

        connections = load_generator.at_once(params, share)
        await load_generator.connect(context, request(0).url, connections)
        t0 = await load_generator.begin(context, part)
        meter = saturation.ClientMeter(t0)
        responses = await load_generator.play(lane, request, params, share, t0, meter)
        client = meter.read(context.clock.monotonic_ns(), len(responses))
        network = await lane.network()
        self._oddities.log(sum((response.odd for response in responses), Counter()), context)
        failures = [response.failure for response in responses if response.failure is not None]
        if failures and len(failures) == len(responses):
            raise failures[0]
        self._unsettled = bool(failures)
        if failures:
            text = f"{len(failures)} of {len(responses)} requests failed: {failures[0].message}"
            context.suspect("requests_failed", text)
        totals = saturation.totals([response.answer for response in responses])
        if (overload := saturation.saturated(client, totals)) is not None:
            context.suspect(saturation.CODE, overload)
        record = records.many(opening, params, context, responses, t0, share, client)
        record = msgspec.structs.replace(record, network=network)
        complete = [response.answer for response in responses if response.failure is None]
        mark(record, complete, params, context, part)
        return record

    async def _mocked(
        self, lane: TextLane, params: TextParams, opening: Opening
    ) -> LlmRecord | ServeRecord:
        context = lane.context
        t0 = context.clock.monotonic_ns()
        response = await mock.answer(ask(params, nonce_text(context.round.nonce)), context, t0)
        record = records.mocked(opening, params, context, response)
        mark(record, [], params, context)
        return record


async def _prefix(lane: TextLane, params: TextParams) -> int | None:
    """Return the cached count of a second, different prompt: the hits of the template alone."""
    context, alone = lane.context, nonce_alone(params)
    cached: int | None = None
    for _ in range(2):
        one_token = ask(alone, nonce_text(secrets.token_hex(16)), max_tokens=1)
        request = lane.request(one_token, limits_of(alone))
        t0 = context.clock.monotonic_ns()
        response = await read_response(lane, request, context, number=0, t0_ns=t0, show=ignore_text)
        # The one token may have no text, if a model begins to think: the count is still good.
        if response.failure is not None and not counted(response.answer.finish):
            raise response.failure
        cached = response.answer.usage.cached
    return cached
