"""A small engine over NDJSON, measured by `TextBackend` through the real stream reader."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, NamedTuple

import anyio
import msgspec
import pytest

from benchrace.events import Level
from benchrace.kinds import LLM, SERVE, Kind
from benchrace.kinds.llm import Arrival, Fallback, LlmParams, LlmRecord
from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    EngineFacts,
    Lane,
    Loaded,
    Piece,
    TextBackend,
    Usage,
    Workload,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest
from benchrace.testing.context import RecordingContext
from benchrace.testing.server import CHUNKED, LAST, Asked, Peer, Script, Served, serving
from benchrace.worker.verdict import numbers, plain

pytestmark = pytest.mark.anyio


class Small(TextBackend):
    name = "small"
    title = "Small"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))
    tells_cached = True
    url: ClassVar[str] = ""

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        return EngineFacts(name="small", model=lane.params.model)

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        return Loaded(ns=5_000_000, source="engine")

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=self.url, body=body, limits=limits)

    def read(self, data: bytes) -> Piece:
        said = json.loads(data)
        if said.get("done"):
            cached = said.get("cached", 1)
            return Piece(
                done=True, finish="length", usage=Usage(prompt=9, output=said["n"], cached=cached)
            )
        return Piece(text=said["text"])


class Racing(NamedTuple):
    """A lane that is open, with all that a test looks at."""

    backend: Small
    lane: Lane[Any]
    context: RecordingContext
    served: Served


def test_what_it_declares_is_what_a_plugin_may_offer() -> None:
    from benchrace.plugin.offer import backends_of

    assert backends_of([Small]) == (Small,)


def scripted(cached: int = 1, *, end: bool = True, tokens: int | None = None) -> Script:
    """Answer with as many tokens as asked for, 1 ms apart; the nonce's cached count is told."""

    async def answer(peer: Peer, asked: Asked) -> None:
        wanted = json.loads(asked.body)["n"] if tokens is None else tokens
        await peer.say(CHUNKED)
        for i in range(wanted):
            await anyio.sleep(0.001)
            await peer.chunk(json.dumps({"text": f"t{i} "}).encode() + b"\n")
        if end:
            done = {"done": True, "n": wanted, "cached": cached}
            await peer.chunk(json.dumps(done).encode() + b"\n")
        await peer.say(LAST)

    return answer


@asynccontextmanager
async def racing(script: Script, kind: Kind, **params: Any) -> AsyncIterator[Racing]:
    """Open a lane of `Small` against the script, and leave it as the runner does."""
    context = RecordingContext([metric.name for metric in kind.metrics])
    lane = Lane(lane_id="l", label="l", kind=kind.name, params=kind.params(**params))
    async with serving(script) as served:
        backend = type("Here", (Small,), {"url": served.url})()
        await backend.open(lane, context)
        context.begin(0)
        try:
            yield Racing(backend, lane, context, served)
        finally:
            await backend.close(lane, context)
            await context.aclose()


def codes(context: RecordingContext) -> list[str]:
    """Why the round is doubted; a busy machine may stamp coarsely, which is not the matter here."""
    return [each.code for each in context.verdict.reasons if each.code != "coarse_stamps"]


def told(kind: Kind, record: Any, lane: Lane[Any]) -> dict[str, Any]:
    """The round's numbers by name; the record survives its way through the log."""
    again = msgspec.convert(plain(record), kind.record)
    return {each.metric: each for each in numbers(kind, again, lane.params, ())}


async def test_one_answer_gives_every_number_that_it_can() -> None:
    async with racing(scripted(), LLM, max_tokens=30) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        found = told(LLM, record, at.lane)
        assert found["gen_tokens"].value == 30
        assert found["gen_tokens_per_s"].numerator == 29
        assert 0 < found["ttft_ms"].value < found["total_ms"].value
        assert found["itl_ms"].value == found["icl_p50_ms"].value >= 0.5
        assert found["icl_p95_ms"].value is None
        assert "n too small" in found["icl_p95_ms"].reason
        assert found["load_ms"].value == 5
        assert found["engine_gen_tokens_per_s"].value is None
        assert codes(at.context) == []
        assert "".join(at.context.tokens) == "".join(f"t{i} " for i in range(30))
        assert (record.cache, record.cache_proof, record.prefix_tokens) == (
            "warm-unique",
            "engine",
            1,
        )


async def test_no_two_requests_to_one_engine_begin_alike() -> None:
    async with racing(scripted(), SERVE, max_tokens=2, requests=8, concurrency=4) as at:
        await at.backend.round(at.lane, at.context)
        at.context.begin(1)
        await at.backend.round(at.lane, at.context)
        begins = [json.loads(asked.body)["prompt"].split("\n")[0] for asked in at.served.asked]
        assert len(set(begins)) == len(begins) == 2 + 16
        assert {len(begin) for begin in begins} == {23}


async def test_a_first_token_without_text_is_counted_while_the_template_is_measured() -> None:
    async def thinking(peer: Peer, asked: Asked) -> None:
        await scripted(tokens=0 if json.loads(asked.body)["n"] == 1 else None)(peer, asked)

    async with racing(thinking, LLM, max_tokens=30) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        assert (record.prefix_tokens, record.cache) == (1, "warm-unique")


async def test_a_prompt_that_the_engine_had_already_is_no_result() -> None:
    async def cached(peer: Peer, asked: Asked) -> None:
        # The two requests that measure the template come first, with one token each.
        await scripted(1 if json.loads(asked.body)["n"] == 1 else 30)(peer, asked)

    async with racing(cached, LLM, max_tokens=30) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        assert record.cache == "prefix-hit"
        assert codes(at.context) == ["cache_hit"]
        assert at.context.verdict.level is Level.INVALID


@pytest.mark.parametrize(
    ("script", "category"),
    [
        (scripted(end=False), Category.ENDED_EARLY),
        (scripted(tokens=0), Category.BAD_OUTPUT),
    ],
)
async def test_an_end_alone_proves_nothing(script: Script, category: Category) -> None:
    async def first_well(peer: Peer, asked: Asked) -> None:
        measuring = json.loads(asked.body)["n"] == 1
        await (scripted() if measuring else script)(peer, asked)

    async with racing(first_well, LLM, max_tokens=30) as at:
        with pytest.raises(BenchraceError) as raised:
            await at.backend.round(at.lane, at.context)
        assert raised.value.category is category


async def test_a_short_answer_is_marked() -> None:
    async with racing(scripted(tokens=5), LLM, max_tokens=30) as at:
        await at.backend.round(at.lane, at.context)
        assert codes(at.context) == ["early_stop"]


async def test_many_streams_give_what_the_system_does() -> None:
    limits = {"ttft_limit_ms": 10_000.0, "tpot_limit_ms": 0.0001}
    async with racing(scripted(), SERVE, max_tokens=20, requests=12, concurrency=3, **limits) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        found = told(SERVE, record, at.lane)
        assert found["throughput_tokens_per_s"].numerator == 240
        assert found["answers"].value == 12
        assert found["goodput_per_s"].value == 0
        assert record.steady is not None
        assert 0 < record.steady.tokens < 240
        assert found["ttft_p99_ms"].value is None
        assert found["ttft_scheduled_p50_ms"].reason == "a closed loop has no schedule"


async def test_streams_that_begin_together_find_their_connections_made() -> None:
    made: list[Served] = []
    there: list[int] = []

    async def counting(peer: Peer, asked: Asked) -> None:
        there.extend(len(each.connections) for each in made)
        await scripted()(peer, asked)

    async with racing(counting, SERVE, max_tokens=2, requests=3, concurrency=3) as at:
        before = len(at.served.connections)
        made.append(at.served)
        await at.backend.round(at.lane, at.context)
    assert there[0] >= before + 3


async def test_an_open_loop_counts_from_the_schedule() -> None:
    params = {"requests": 20, "concurrency": 1, "arrival": Arrival.CONSTANT, "rate": 1000.0}
    async with racing(scripted(), SERVE, max_tokens=5, **params) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        found = told(SERVE, record, at.lane)
        assert [each.scheduled_ns for each in record.answers] == [i * 10**6 for i in range(20)]
        assert found["ttft_scheduled_p50_ms"].value > 3 * found["ttft_p50_ms"].value


async def test_a_mock_answers_only_where_it_was_asked_for() -> None:
    class Away(Small):
        async def load(self, lane: Lane[Any], context: Context) -> Loaded:
            raise BenchraceError(Category.UNREACHABLE, "nobody answers")

    context = RecordingContext([metric.name for metric in LLM.metrics])
    lane = Lane(lane_id="l", label="l", kind="llm_generate", params=LlmParams())
    with pytest.raises(BenchraceError):
        await Away().open(lane, context)
    params = LlmParams(fallback=Fallback.MOCK, max_tokens=3)
    lane = Lane(lane_id="l", label="l", kind="llm_generate", params=params)
    backend = Away()
    await backend.open(lane, context)
    context.begin(0, stayed=("another",))
    record = await backend.round(lane, context)
    assert isinstance(record, LlmRecord)
    assert (record.simulated, record.fallback_reason) == (True, "unreachable")
    assert (record.alone, record.stayed) == (None, ())
    assert record.engine.name == "mock"
    assert context.verdict.level is Level.INVALID
