"""A small NDJSON engine, measured by `TextBackend` through the real stream reader."""

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
    Delta,
    EngineFacts,
    Lane,
    Loaded,
    TextBackend,
    TextLane,
    Usage,
    Workload,
)
from benchrace.plugin.stream import Stream, StreamLimits, StreamRequest
from benchrace.testing.context import RecordingContext
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, RunningServer, Script, serving
from benchrace.worker.job.verdict import numbers, plain
from benchrace.worker.stream.factory import WorkerStreams

pytestmark = pytest.mark.anyio


class SmallLane(TextLane):
    """A lane on the server at `url`."""

    tells_cached = True

    def __init__(self, lane: Lane[Any], context: Context, url: str) -> None:
        super().__init__(lane, context)
        self.url = url

    async def facts(self) -> EngineFacts:
        return EngineFacts(name="small", model=self.lane.params.model)

    async def load(self) -> Loaded:
        return Loaded(ns=5_000_000, source="engine")

    async def unload(self) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=self.url, body=body, limits=limits)

    def parse(self, data: bytes) -> Delta:
        message = json.loads(data)
        if message.get("done"):
            cached = message.get("cached", 1)
            return Delta(
                done=True,
                finish="length",
                usage=Usage(prompt=9, output=message["n"], cached=cached),
            )
        return Delta(text=message["text"])


class Small(TextBackend):
    name = "small"
    title = "Small"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))
    url: ClassVar[str] = ""

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        return SmallLane(lane, context, self.url)


class ScriptedLane(NamedTuple):
    """A lane that is open on a scripted engine."""

    backend: Small
    lane: Lane[Any]
    context: RecordingContext
    served: RunningServer


def test_it_follows_the_rules_of_plugins() -> None:
    from benchrace.plugin.host.validation import backends_of

    assert backends_of([Small]) == (Small,)


def scripted(cached: int = 1, *, end: bool = True, tokens: int | None = None) -> Script:
    """Answer with the requested number of tokens, 1 ms apart, and a cached count."""

    async def answer(peer: Peer, request: Request) -> None:
        wanted = json.loads(request.body)["n"] if tokens is None else tokens
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
async def racing(script: Script, kind: Kind, **params: Any) -> AsyncIterator[ScriptedLane]:
    """Open a lane of `Small` against the script, and close it as the runner does."""
    context = RecordingContext([metric.name for metric in kind.metrics])
    lane = Lane(lane_id="l", label="l", kind=kind.name, params=kind.params(**params))
    async with serving(script) as served:
        backend = type("Here", (Small,), {"url": served.url})()
        await backend.open(lane, context)
        context.begin(0)
        try:
            yield ScriptedLane(backend, lane, context, served)
        finally:
            await backend.close(lane, context)
            await context.aclose()


def codes(context: RecordingContext) -> list[str]:
    """Return the codes of the reasons, except for coarse timestamps of a busy machine."""
    return [reason.code for reason in context.verdict.reasons if reason.code != "coarse_stamps"]


def metrics_of(kind: Kind, record: Any, lane: Lane[Any]) -> dict[str, Any]:
    """Return the round's numbers by name, from the record as it is read from the log."""
    again = msgspec.convert(plain(record), kind.record)
    return {number.metric: number for number in numbers(kind, again, lane.params, ())}


async def test_one_answer_gives_every_number_that_it_can() -> None:
    async with racing(scripted(), LLM, max_tokens=30) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        metrics = metrics_of(LLM, record, at.lane)
        assert metrics["gen_tokens"].value == 30
        assert metrics["gen_tokens_per_s"].numerator == 30 - record.answer.first.chunks
        assert 0 < metrics["ttft_ms"].value < metrics["total_ms"].value
        assert metrics["itl_ms"].value == metrics["icl_p50_ms"].value >= 0.5
        assert metrics["icl_p95_ms"].value is None
        assert "n too small" in metrics["icl_p95_ms"].reason
        assert metrics["load_ms"].value == 5
        assert metrics["engine_gen_tokens_per_s"].value is None
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
        begins = [
            json.loads(request.body)["prompt"].split("\n")[0] for request in at.served.requests
        ]
        assert len(set(begins)) == len(begins) == 2 + 16
        assert {len(begin) for begin in begins} == {23}


async def test_a_first_token_without_text_is_counted_while_the_template_is_measured() -> None:
    async def thinking(peer: Peer, request: Request) -> None:
        await scripted(tokens=0 if json.loads(request.body)["n"] == 1 else None)(peer, request)

    async with racing(thinking, LLM, max_tokens=30) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        assert (record.prefix_tokens, record.cache) == (1, "warm-unique")


async def test_a_cached_prompt_is_invalid() -> None:
    async def cached(peer: Peer, request: Request) -> None:
        # The two requests that measure the template come first, with one token each.
        await scripted(1 if json.loads(request.body)["n"] == 1 else 30)(peer, request)

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
    async def first_well(peer: Peer, request: Request) -> None:
        measuring = json.loads(request.body)["n"] == 1
        await (scripted() if measuring else script)(peer, request)

    async with racing(first_well, LLM, max_tokens=30) as at:
        with pytest.raises(BenchraceError) as raised:
            await at.backend.round(at.lane, at.context)
        assert raised.value.category is category


async def test_a_short_answer_is_marked() -> None:
    async with racing(scripted(tokens=5), LLM, max_tokens=30) as at:
        await at.backend.round(at.lane, at.context)
        assert codes(at.context) == ["early_stop"]


async def test_many_streams_measure_the_throughput_of_the_system() -> None:
    limits = {"ttft_limit_ms": 10_000.0, "tpot_limit_ms": 0.0001}
    async with racing(scripted(), SERVE, max_tokens=20, requests=12, concurrency=3, **limits) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        metrics = metrics_of(SERVE, record, at.lane)
        assert metrics["throughput_tokens_per_s"].numerator == 240
        assert metrics["answers"].value == 12
        assert metrics["goodput_per_s"].value == 0
        assert record.steady is not None
        assert 0 < record.steady.tokens < 240
        assert metrics["ttft_p99_ms"].value is None
        assert metrics["ttft_scheduled_p50_ms"].reason == "a closed loop has no schedule"


class OrderedStreams(WorkerStreams):
    """Writes down what is asked of it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    async def prepare(self, url: str, *, connect_s: float = 5.0) -> int:
        self.calls.append("prepare")
        return await super().prepare(url, connect_s=connect_s)

    @asynccontextmanager
    async def open(self, request: StreamRequest) -> AsyncIterator[Stream]:
        self.calls.append("open")
        async with super().open(request) as stream:
            yield stream


async def test_connections_of_streams_that_begin_together_are_opened_ahead() -> None:
    async with racing(scripted(), SERVE, max_tokens=2, requests=3, concurrency=3) as at:
        at.context.stream.close()
        at.context.stream = streams = OrderedStreams()
        await at.backend.round(at.lane, at.context)
    assert streams.calls == ["prepare"] * 3 + ["open"] * 3


async def test_an_open_loop_counts_from_the_schedule() -> None:
    params = {"requests": 20, "concurrency": 1, "arrival": Arrival.CONSTANT, "rate": 1000.0}
    async with racing(scripted(), SERVE, max_tokens=5, **params) as at:
        record: Any = await at.backend.round(at.lane, at.context)
        metrics = metrics_of(SERVE, record, at.lane)
        assert [answer.scheduled_ns for answer in record.answers] == [i * 10**6 for i in range(20)]
        assert metrics["ttft_scheduled_p50_ms"].value > 3 * metrics["ttft_p50_ms"].value


async def test_a_mock_answers_only_on_request() -> None:
    class AwayLane(SmallLane):
        async def load(self) -> Loaded:
            raise BenchraceError(Category.UNREACHABLE, "nobody answers")

    class Away(Small):
        def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
            return AwayLane(lane, context, self.url)

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
