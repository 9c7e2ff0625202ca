"""What a backend offers beside measuring: what it overrides, and refusals in words."""

from collections.abc import Awaitable, Callable

import pytest

from benchrace.cli.text import failure_lines
from benchrace.plugin import (
    COMPUTE,
    Backend,
    Category,
    Context,
    Lane,
    NotOffered,
    Operated,
    Operation,
    Probe,
    Record,
    Unloaded,
    Workload,
    Writing,
)
from benchrace.plugin.describe import description_of
from benchrace.plugin.entry_points import PluginRef
from benchrace.plugin.loader import Loaded
from benchrace.testing.context import RecordingContext

pytestmark = pytest.mark.anyio


class Plain(Backend):
    name = "plain"
    title = "Plain"
    workloads = (Workload(kind=COMPUTE),)

    async def round(self, lane: Lane, context: Context) -> Record:  # type: ignore[type-arg]
        raise AssertionError


class Able(Plain):
    name = "able"

    async def start(self, context: Context) -> Operated:
        return Operated(ok=True, pid=1)

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        return Unloaded(models=("m",), waited_ms=1.5)


class Heir(Able):
    name = "heir"


CALLS: dict[Operation, Callable[[Backend, Context], Awaitable[object]]] = {
    Operation.RESET: lambda backend, context: backend.reset(context),
    Operation.START: lambda backend, context: backend.start(context),
    Operation.STOP: lambda backend, context: backend.stop(context),
    Operation.UNLOAD: lambda backend, context: backend.unload(None, context),
    Operation.PULL: lambda backend, context: backend.pull("m", context),
    Operation.SYNC: lambda backend, context: backend.sync((), context),
    Operation.WRITE: lambda backend, context: backend.write("m", Writing(prompt="p"), context),
}


@pytest.mark.parametrize("operation", list(Operation))
async def test_what_is_not_overridden_is_refused_in_words(operation: Operation) -> None:
    with pytest.raises(NotOffered) as found:
        await CALLS[operation](Plain(), RecordingContext())
    assert found.value.category is Category.VALIDATION
    assert found.value.fields[0].path == "operation"
    assert found.value.fields[0].message == f"backend plain does not offer {operation.value}"
    # No field's name before it: nobody has filled in one.
    assert found.value.message == found.value.fields[0].message
    assert failure_lines(found.value.failure())[0] == f"benchrace: {found.value.message}"


def test_a_backend_offers_what_it_overrides() -> None:
    assert Plain.operations() == ()
    assert Able.operations() == Heir.operations() == (Operation.START, Operation.UNLOAD)
    assert Plain().legacy(Probe(reachable=True)) == {}


def test_the_description_lists_them() -> None:
    ref = PluginRef(name="p", module="m", distribution=None, version=None)
    told = description_of(Loaded(ref=ref, backends=(Able,), kinds=()))
    assert told.backends[0].operations == (Operation.START, Operation.UNLOAD)
