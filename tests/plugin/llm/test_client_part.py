"""A lane's part on one of several machines: what it sends, when, and what marks it."""

from typing import Any

import pytest

from benchrace.kinds import SERVE
from benchrace.kinds.llm import Arrival, EngineFacts, ServeParams, ServeRecord
from benchrace.plugin import Context, Lane
from benchrace.plugin.llm.lane_runner import LaneRunner
from benchrace.plugin.llm.prompt import Ask
from benchrace.plugin.llm.response.oddities import Oddities
from benchrace.plugin.llm.share import LEAD_NS, share_of
from benchrace.plugin.part import Part
from benchrace.plugin.stream import StreamLimits, StreamRequest
from benchrace.testing import RecordingContext
from benchrace.testing.server import serving
from tests.plugin.llm.test_text_backend import SmallLane, scripted

pytestmark = pytest.mark.anyio


class RemoteLane(SmallLane):
    """A lane of a server elsewhere, which notes what it asks."""

    tells_cached = False

    def __init__(self, lane: Lane[Any], context: Context, url: str) -> None:
        super().__init__(lane, context, url)
        self.asks: list[Ask] = []

    async def facts(self) -> EngineFacts:
        return EngineFacts(name="small", host="server")

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        self.asks.append(ask)
        return super().request(ask, limits)


async def played(
    params: ServeParams, part: Part | None, *, wait_ns: int = 0
) -> tuple[ServeRecord, RemoteLane, RecordingContext, int]:
    """Run one round; `wait_ns` is how far ahead the machines' common instant lies."""
    context = RecordingContext([metric.name for metric in SERVE.metrics])
    lane: Lane[Any] = Lane(lane_id="l", label="l", kind="llm_serve", params=params, part=part)
    runner = LaneRunner(Oddities())
    async with serving(scripted()) as served:
        remote = RemoteLane(lane, context, served.url)
        try:
            await runner.open(remote)
            armed_ns = context.clock.monotonic_ns() + wait_ns
            context.begin(armed_ns=armed_ns)
            remote.asks.clear()
            record = await runner.round()
        finally:
            await runner.close()
            await context.aclose()
    assert isinstance(record, ServeRecord)
    return record, remote, context, armed_ns


PARAMS = ServeParams(
    max_tokens=2,
    concurrency=4,
    requests=7,
    prompts=tuple(f"prompt {number}" for number in range(7)),
)


async def test_a_part_sends_its_requests_of_the_round_with_its_own_seed_and_nonces() -> None:
    own, first, *_ = await played(PARAMS, Part(index=0, of=2))
    other, second, *_ = await played(PARAMS, Part(index=1, of=2))
    assert (len(own.answers), len(other.answers)) == (4, 3)
    prompts = {ask.prompt.split("\n")[-1] for ask in (*first.asks, *second.asks)}
    assert prompts == set(PARAMS.prompts)
    # One request is made only for its address.
    nonces = [ask.prompt.split("\n")[0] for ask in (*first.asks[1:], *second.asks[1:])]
    assert len(set(nonces)) == 7
    assert {ask.params.seed for ask in first.asks} == {PARAMS.seed}
    assert PARAMS.seed not in {ask.params.seed for ask in second.asks}


async def test_a_part_begins_at_the_common_instant_and_its_record_says_so() -> None:
    record, _, _, armed_ns = await played(PARAMS, Part(index=1, of=2), wait_ns=1_000_000)
    assert record.began_ns == armed_ns + LEAD_NS
    assert record.client is not None
    assert (record.client.requests, record.client.late_ns) == (3, None)
    alone, _, _, armed_ns = await played(PARAMS, None)
    assert alone.began_ns is not None
    assert alone.began_ns < armed_ns + LEAD_NS


async def test_a_part_without_a_request_is_a_round_without_answers() -> None:
    params = ServeParams(
        max_tokens=2, concurrency=8, requests=8, arrival=Arrival.POISSON, rate=1000
    )
    empty = [index for index in range(8) if not share_of(params, Part(index=index, of=8)).numbers]
    record, _, context, _ = await played(params, Part(index=empty[0], of=8))
    assert record.answers == ()
    assert context.verdict.reasons == ()


@pytest.mark.parametrize(
    ("part", "marked"), [(None, True), (Part(index=0, of=2), True), (Part(index=1, of=2), False)]
)
async def test_an_engine_elsewhere_is_what_clients_are_for(part: Part | None, marked: bool) -> None:
    _, _, context, _ = await played(PARAMS, part)
    assert ("engine_elsewhere" in {one.code for one in context.verdict.reasons}) is marked


async def test_an_open_loop_measures_how_late_the_client_is() -> None:
    params = ServeParams(
        max_tokens=2, concurrency=8, requests=8, arrival=Arrival.CONSTANT, rate=200
    )
    record, *_ = await played(params, Part(index=1, of=2))
    assert record.client is not None
    assert record.client.late_ns is not None
    assert record.client.late_max_ns is not None
    assert 0 <= record.client.late_ns <= record.client.late_max_ns
    assert [answer.scheduled_ns for answer in record.answers] == [
        int(number * 5e6) for number in (1, 3, 5, 7)
    ]
