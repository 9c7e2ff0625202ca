"""What a backend offers beside measuring: what it overrides, and refusals in words."""

from collections.abc import Awaitable, Callable

import pytest

from benchrace.cli.output.formatting import failure_lines
from benchrace.plugin import (
    COMPUTE,
    Backend,
    Category,
    Context,
    Lane,
    Lending,
    NotOffered,
    Operated,
    Operation,
    Probe,
    Record,
    Unloaded,
    Workload,
    Writing,
)
from benchrace.plugin.host.describe import description_of
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.loader import LoadedPlugin
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


LENDING = Lending(run_id="2026-01-01_000000_abcdef", lane_id="lane-0")
CALLS: dict[Operation, Callable[[Backend, Context], Awaitable[object]]] = {
    Operation.RESET: lambda backend, context: backend.reset(context),
    Operation.START: lambda backend, context: backend.start(context),
    Operation.STOP: lambda backend, context: backend.stop(context),
    Operation.UNLOAD: lambda backend, context: backend.unload(None, context),
    Operation.PULL: lambda backend, context: backend.pull("m", context),
    Operation.SYNC: lambda backend, context: backend.sync((), context),
    Operation.WRITE: lambda backend, context: backend.write("m", Writing(prompt="p"), context),
    Operation.LEND: lambda backend, context: backend.lend(LENDING, context).__aenter__(),
}


@pytest.mark.parametrize("operation", list(Operation))
async def test_what_is_not_overridden_is_refused_in_words(operation: Operation) -> None:
    with pytest.raises(NotOffered) as raised:
        await CALLS[operation](Plain(), RecordingContext())
    error = raised.value
    assert error.category is Category.VALIDATION
    assert error.fields[0].path == "operation"
    assert error.fields[0].message == f"backend plain does not offer {operation.value}"
    # Without the field's name, as the form has no such field.
    assert error.message == error.fields[0].message
    assert failure_lines(error.failure())[0] == f"benchrace: {error.message}"


def test_a_backend_offers_what_it_overrides() -> None:
    assert Plain.operations() == ()
    assert Able.operations() == Heir.operations() == (Operation.START, Operation.UNLOAD)
    assert Plain().legacy(Probe(reachable=True)) == {}


def test_the_description_lists_them() -> None:
    ref = PluginRef(name="p", module="m", distribution=None, version=None)
    description = description_of(LoadedPlugin(ref=ref, backends=(Able,), kinds=()))
    assert description.backends[0].operations == (Operation.START, Operation.UNLOAD)
