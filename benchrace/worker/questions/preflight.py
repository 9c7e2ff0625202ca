"""Check for each lane whether it could start: its parameters first, then its backend."""

from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.plugin import Lane, Params, Problem, Readiness, Workload
from benchrace.plugin.host.validation import AUTO
from benchrace.protocol.agent_worker import PreflightOrder
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.run.lane import JobLane
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.params import complete, convert, is_automatic, without_automatic
from benchrace.worker.questions.question_context import QuestionContext
from benchrace.worker.readiness import readiness
from benchrace.worker.registry import Registry

LIMIT_S = 30.0


async def preflight_lanes(
    order: PreflightOrder, registry: Registry, context: QuestionContext
) -> tuple[LaneReadiness, ...]:
    """Check each lane, in their order, one after the other."""
    answers = [await _lane(lane, order.kind, registry, context) for lane in order.lanes]
    return tuple(answers)


async def _lane(
    lane: JobLane, kind: str, registry: Registry, context: QuestionContext
) -> LaneReadiness:
    try:
        workload = registry.workload(lane.backend, kind)
    except BenchraceError as error:
        return _refused(lane, error)
    params, fields = convert(without_automatic(lane.params, workload), workload)
    if params is None:
        return LaneReadiness(lane_id=lane.lane_id, fields=fields)
    question = Lane(
        lane_id=lane.lane_id, label=lane.label, kind=kind, params=params, part=lane.part
    )
    try:
        readiness = await guarded_call(
            f"preflight of {lane.label}",
            lambda: _ask(question, lane.backend, registry, context),
            LIMIT_S,
        )
    except BenchraceError as error:
        return _refused(lane, error)
    return _answer(lane, readiness, params, workload)


async def _ask(
    lane: Lane[Params], backend: str, registry: Registry, context: QuestionContext
) -> Readiness:
    return await readiness(registry.make(backend), lane, context)


def _answer(
    lane: JobLane, readiness: Readiness, params: Params, workload: Workload
) -> LaneReadiness:
    """Fill in the parameters; a stand-in for "auto" does not count as the lane's fault."""
    fields = readiness.fields
    values = complete(params)
    if is_automatic(lane.params, workload) and workload.automatic is not None:
        fields = tuple(field for field in fields if field.path != workload.automatic)
        values[workload.automatic] = AUTO
    ready = not fields and not readiness.problems
    return LaneReadiness(
        lane_id=lane.lane_id,
        fields=fields,
        problems=readiness.problems,
        params=values if ready else None,
    )


def _refused(lane: JobLane, error: BenchraceError) -> LaneReadiness:
    """Convert a failure to a lane's own terms: bad fields as fields, all else as a problem."""
    fields: tuple[FieldError, ...] = ()
    if error.category is Category.VALIDATION:
        fields = error.fields
    problem = Problem(message=error.message, remedy=error.remedy, detail=error.detail)
    return LaneReadiness(lane_id=lane.lane_id, fields=fields, problems=() if fields else (problem,))
