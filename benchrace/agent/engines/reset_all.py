"""Reset every engine of this machine, one after the other."""

import time

from benchrace.agent.engines.operations import Operations
from benchrace.agent.engines.probing import converted
from benchrace.errors import BenchraceError, with_remedy
from benchrace.plugin.operations import Operation, Reset
from benchrace.protocol.operations import OperationRequest, ResetAll


async def reset_all(operations: Operations) -> ResetAll:
    """Reset every engine that can be; raises nothing."""
    began_ns = time.monotonic_ns()
    await operations.capabilities.ready()
    names = operations.offering(Operation.RESET)
    results: dict[str, Reset] = {}
    healthy: list[bool] = []
    notes = [] if names else [await _nothing_reset(operations)]
    for name in names:
        results[name], able = await _reset(operations, name)
        notes += [f"{name}: {note}" for note in results[name].notes]
        if able:
            healthy.append(results[name].healthy is True)
    took_ms = (time.monotonic_ns() - began_ns) / 1e6
    good = bool(healthy) and all(healthy)
    return ResetAll(ok=good, duration_ms=took_ms, backends=results, notes=tuple(notes))


async def _reset(operations: Operations, name: str) -> tuple[Reset, bool]:
    """Reset one; false beside it where nothing is configured by which it could be."""
    try:
        running = await operations.start(name, Operation.RESET, OperationRequest())
        await running.ended()
        return converted(running.result(), Reset), True
    except BenchraceError as error:
        able = "operation" not in {field.path for field in error.fields}
        problem = with_remedy(error.message, error.remedy)
        return Reset(notes=(f"not reset: {problem}",)), able


async def _nothing_reset(operations: Operations) -> str:
    backends = (await operations.capabilities.ready()).backends
    names = ", ".join(backend.description.name for backend in backends) or "none"
    return f"nothing was reset: no backend here supports it (installed: {names})"
