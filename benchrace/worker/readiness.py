"""Whether a lane can start, by its backend; rejected as opening it would reject it."""

from typing import Any

from benchrace.errors import BenchraceError, Category
from benchrace.plugin import Backend, Context, Lane, Readiness


async def readiness(backend: Backend, lane: Lane[Any], context: Context) -> Readiness:
    """Query the backend's readiness; raises `TypeError` where it returns anything else."""
    answer: Any = await backend.preflight(lane, context)
    if not isinstance(answer, Readiness):
        raise TypeError(f"it returned {answer!r:.200}, expected Readiness")
    return answer


async def require_ready(backend: Backend, lane: Lane[Any], context: Context) -> None:
    """Raise what stands in the way of this lane, before others are disturbed for its sake."""
    answer = await readiness(backend, lane, context)
    if answer.ready:
        return
    reasons = [*map(str, answer.fields), *(problem.message for problem in answer.problems)]
    remedies = [problem.remedy for problem in answer.problems]
    raise BenchraceError(
        answer.category or Category.VALIDATION,
        "; ".join(reasons),
        " ".join(remedies) or None,
        fields=answer.fields,
    )
