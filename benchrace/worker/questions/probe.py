"""Check for backends whether their engines answer."""

from collections.abc import Iterable, Mapping

import anyio
import msgspec

from benchrace.errors import BenchraceError
from benchrace.plugin import Probe, Problem
from benchrace.telemetry import plausible
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.questions.question_context import QuestionContext
from benchrace.worker.registry import Registry

LIMIT_S = 10.0


async def probe_backends(
    names: Iterable[str], registry: Registry, context: QuestionContext
) -> dict[str, Probe]:
    """Probe all at once, each within `LIMIT_S`; one that fails is a probe with a problem."""
    names = tuple(names)
    probes: dict[str, Probe] = {}

    async def probe(name: str) -> None:
        try:
            probes[name] = await guarded_call(
                f"probing {name}", lambda: _probe(registry, name, context), LIMIT_S
            )
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy, detail=error.detail)
            probes[name] = Probe(reachable=False, problems=(problem,))

    async with anyio.create_task_group() as group:
        for name in names:
            group.start_soon(probe, name)
    return {name: probes[name] for name in names}


async def _probe(registry: Registry, name: str, context: QuestionContext) -> Probe:
    backend = registry.make(name)
    answer = await backend.probe(context)
    if not isinstance(answer, Probe):
        raise TypeError(f"it returned {answer!r:.200}, expected Probe")
    answer = plausible.probe(answer)
    legacy = backend.legacy(answer)
    if not isinstance(legacy, Mapping):
        raise TypeError(f"its legacy part is {legacy!r:.200}, expected a mapping")
    return msgspec.structs.replace(answer, legacy=dict(legacy))
