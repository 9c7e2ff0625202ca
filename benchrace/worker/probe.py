"""Ask every backend whether its engine answers."""

from collections.abc import Mapping

import anyio
import msgspec

from benchrace.errors import Failure
from benchrace.plugin import Probe, Problem
from benchrace.worker.bounded import bounded
from benchrace.worker.quiet import QuietContext
from benchrace.worker.registry import Registry

LIMIT_S = 10.0


async def probe_all(registry: Registry, context: QuietContext) -> dict[str, Probe]:
    """Probe all at once, each within `LIMIT_S`; one that fails is a probe with a problem."""
    found: dict[str, Probe] = {}

    async def probe(name: str) -> None:
        answer = await bounded(f"probing {name}", lambda: _probe(registry, name, context), LIMIT_S)
        if isinstance(answer, Failure):
            problem = Problem(message=answer.message, remedy=answer.remedy)
            answer = Probe(reachable=False, problems=(problem,))
        found[name] = answer

    async with anyio.create_task_group() as group:
        for name in registry.backends:
            group.start_soon(probe, name)
    return {name: found[name] for name in registry.backends}


async def _probe(registry: Registry, name: str, context: QuietContext) -> Probe:
    backend = registry.make(name)
    answer = await backend.probe(context)
    if not isinstance(answer, Probe):
        raise TypeError(f"it returned {answer!r:.200}, no Probe")
    legacy = backend.legacy(answer)
    if not isinstance(legacy, Mapping):
        raise TypeError(f"its legacy part is {legacy!r:.200}, no mapping")
    return msgspec.structs.replace(answer, legacy=dict(legacy))
