"""Contract cases about the lanes of a text backend: each is an object of its own."""

from benchrace.plugin import TextLane
from benchrace.testing.context import RecordingContext
from benchrace.testing.text_engine import TextEngine, well
from benchrace.testing.text_racing import TOKENS, TextLanes

KIND = "llm_generate"


class LaneCases(TextLanes):
    """Cases about opening, sharing and settling; see `TextContract`."""

    async def test_a_new_lane_is_an_object_that_has_sent_nothing(self) -> None:
        engine, context = TextEngine(self.wire, well), RecordingContext()
        async with engine.served() as served:
            backend = self.make(served.url)
            lane = self.lane_of(self.workload_of(backend, KIND))
            first, second = backend.open_lane(lane, context), backend.open_lane(lane, context)
            assert isinstance(first, TextLane)
            assert first is not second, "open_lane must return a new object at each call"
            assert (first.lane, first.context) == (lane, context)
            assert served.requests == [], "open_lane must not send anything"
            await first.close()
            await second.close()
        await context.aclose()

    async def test_lanes_of_one_backend_have_their_own_state(self) -> None:
        async with self.racing(prompt="first sentinel") as first:
            prompt = "second sentinel"
            first.engine.racing = False
            async with self.opened(
                first.backend, first.engine, KIND, lane_id="lane-1", prompt=prompt
            ) as second:
                for number in range(2):
                    for at in (first, second):
                        record = await at.round(number)
                        assert record.answer.usage.output == TOKENS
                        assert at.lane.params.prompt.encode() in at.engine.requests[-1].body
            # Closing a lane leaves the other one open.
            assert (await first.round(2)).answer.usage.output == TOKENS

    async def test_a_closed_lane_opens_again(self) -> None:
        async with self.racing() as at:
            before = await at.round()
            await at.backend.close(at.lane, at.context)
            at.engine.racing = False
            await at.backend.open(at.lane, at.context)
            after = await at.round(1)
            assert (after.answer.usage.output, after.engine.name) == (TOKENS, before.engine.name)

    async def test_a_lane_of_an_earlier_job_settles_without_being_opened(self) -> None:
        engine, context = TextEngine(self.wire, well), RecordingContext()
        async with engine.served() as served:
            backend = self.make(served.url)
            lane = self.lane_of(self.workload_of(backend, KIND))
            assert await backend.settle(lane, context), "an idle engine has settled"
        await context.aclose()
