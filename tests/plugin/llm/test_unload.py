"""Unloading the models that an engine reports as loaded."""

from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import LlmParams
from benchrace.plugin import (
    Context,
    Lane,
    Model,
    NotOffered,
    Operation,
    Probe,
    Resident,
    TextBackend,
    TextLane,
    Unloaded,
)
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
            Model(name=name, loaded=Resident() if name in self.loaded else None) for name in names
        ]
        return Probe(reachable=True, models=tuple(models))

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        if self.refuses is not None:
            raise self.refuses
        self.loaded.remove(str(model))
        return Unloaded(models=(str(model),), waited_ms=1500)

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        raise AssertionError("releasing memory opens no lane")


def lane(model: str) -> Lane[Any]:
    return Lane(lane_id="l", label="l", kind="llm_generate", params=LlmParams(model=model))


@pytest.mark.parametrize(
    ("keep", "left"),
    [(None, []), ("b", ["b:latest"]), ("b:latest", ["b:latest"]), ("x", []), ("", None)],
)
async def test_all_is_unloaded_but_what_the_lane_needs(
    keep: str | None, left: list[str] | None
) -> None:
    backend, context = Holding("a", "b:latest"), RecordingContext()
    stayed = await backend.release(None if keep is None else lane(keep), context)
    assert stayed == []
    assert backend.loaded == (["a", "b:latest"] if left is None else left)


async def test_unloaded_models_are_logged() -> None:
    context = RecordingContext()
    await Holding("a").release(None, context)
    assert context.logs == [("info", "Holding unloaded a in 1.50 s")]


@pytest.mark.parametrize(
    "refuses",
    [
        NotOffered("holding", Operation.UNLOAD, "somebody else started it"),
        BenchraceError(Category.BUSY, "it answers somebody else"),
    ],
)
async def test_models_that_stay_are_reported(refuses: BenchraceError) -> None:
    backend = Holding("a")
    backend.refuses = refuses
    (stayed,) = await backend.release(lane("b"), RecordingContext())
    assert stayed.startswith("Holding holds a: ")
    assert "somebody else" in stayed
