"""Letting go of what an engine holds, by what it tells."""

from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import EngineFacts, LlmParams
from benchrace.plugin import (
    Ask,
    Context,
    Lane,
    Loaded,
    Model,
    NotOffered,
    Operation,
    Piece,
    Probe,
    Resident,
    TextBackend,
    Unloaded,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest
from benchrace.testing import RecordingContext

pytestmark = pytest.mark.anyio


class Holding(TextBackend):
    name = "holding"
    title = "Holding"
    workloads = ()
    refuses: BenchraceError | None = None

    def __init__(self, *loaded: str) -> None:
        super().__init__()
        self.loaded = list(loaded)

    async def probe(self, context: Context) -> Probe:
        names = [*self.loaded, "on disk"]
        models = [
            Model(name=each, loaded=Resident() if each in self.loaded else None) for each in names
        ]
        return Probe(reachable=True, models=tuple(models))

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        if self.refuses is not None:
            raise self.refuses
        self.loaded.remove(str(model))
        return Unloaded(models=(str(model),), waited_ms=1500)

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        raise AssertionError("letting go asks for nothing of this")

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        raise AssertionError("letting go asks for nothing of this")

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        raise AssertionError("letting go asks for nothing of this")

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        raise AssertionError("letting go asks for nothing of this")

    def read(self, data: bytes) -> Piece:
        raise AssertionError("letting go asks for nothing of this")


def lane(model: str) -> Lane[Any]:
    return Lane(lane_id="l", label="l", kind="llm_generate", params=LlmParams(model=model))


@pytest.mark.parametrize(
    ("keep", "left"),
    [(None, []), ("b", ["b:latest"]), ("b:latest", ["b:latest"]), ("x", []), ("", None)],
)
async def test_all_goes_but_what_the_lane_needs(keep: str | None, left: list[str] | None) -> None:
    backend, context = Holding("a", "b:latest"), RecordingContext()
    stayed = await backend.release(None if keep is None else lane(keep), context)
    assert stayed == []
    assert backend.loaded == (["a", "b:latest"] if left is None else left)


async def test_what_goes_is_in_the_log() -> None:
    context = RecordingContext()
    await Holding("a").release(None, context)
    assert context.logs == [("info", "Holding let go of a in 1.5 s")]


@pytest.mark.parametrize(
    "refuses",
    [
        NotOffered("holding", Operation.UNLOAD, "somebody else started it"),
        BenchraceError(Category.BUSY, "it answers somebody else"),
    ],
)
async def test_what_stays_is_said_in_words(refuses: BenchraceError) -> None:
    backend = Holding("a")
    backend.refuses = refuses
    (stayed,) = await backend.release(lane("b"), RecordingContext())
    assert stayed.startswith("Holding holds a: ")
    assert "somebody else" in stayed
