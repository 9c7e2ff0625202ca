"""A lane of text that is opened again, after its engine broke off."""

from typing import Any

import msgspec
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import EngineFacts, Fallback, LlmParams
from benchrace.plugin import Context, Lane, Loaded, TextLane
from benchrace.testing.context import RecordingContext
from tests.plugin.llm.test_text_backend import Small, SmallLane

pytestmark = pytest.mark.anyio
FACTS = EngineFacts(name="small", model="m", version="1.0", digest="sha256:aa")


class RestartedLane(SmallLane):
    """A lane on an engine with these facts, or on one that is away."""

    tells_cached = False
    now: EngineFacts | None = None

    async def load(self) -> Loaded:
        if self.now is None:
            raise BenchraceError(Category.UNREACHABLE, "nobody answers")
        return Loaded()

    async def facts(self) -> EngineFacts:
        assert self.now is not None
        return self.now


class Restarted(Small):
    """Its engine has the facts `now`, or is away."""

    now: EngineFacts | None = FACTS

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        opened = RestartedLane(lane, context, self.url)
        opened.now = self.now
        return opened


async def opened(engine: Restarted) -> tuple[Lane[Any], RecordingContext]:
    params = LlmParams(fallback=Fallback.MOCK)
    lane = Lane(lane_id="l", label="l", kind="llm_generate", params=params)
    context = RecordingContext()
    await engine.open(lane, context)
    await engine.close(lane, context)
    return lane, context


async def test_no_mock_is_put_into_a_lane_that_an_engine_has_begun() -> None:
    engine = Restarted()
    lane, context = await opened(engine)
    engine.now = None
    with pytest.raises(BenchraceError) as raised:
        await engine.open(lane, context)
    assert raised.value.category is Category.UNREACHABLE


async def test_the_same_engine_goes_on() -> None:
    engine = Restarted()
    lane, context = await opened(engine)
    engine.now = msgspec.structs.replace(FACTS, settings={"gpu_share": 0.9})
    await engine.open(lane, context)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "1.1"}, "version 1.0 became 1.1"),
        ({"digest": None}, "digest sha256:aa became None"),
        ({"name": "large", "model": "other"}, "model m became other"),
    ],
)
async def test_another_engine_or_model_is_refused(change: dict[str, Any], words: str) -> None:
    engine = Restarted()
    lane, context = await opened(engine)
    engine.now = msgspec.structs.replace(FACTS, **change)
    with pytest.raises(BenchraceError) as raised:
        await engine.open(lane, context)
    assert raised.value.category is Category.BAD_OUTPUT
    assert words in raised.value.message
