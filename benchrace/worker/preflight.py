"""Ask for each lane whether it could start: its parameters first, then its backend."""

from benchrace.errors import BenchraceError, Category, Failure, FieldError
from benchrace.link.capabilities import LaneReadiness
from benchrace.plugin import Lane, Params, Problem, Readiness, Workload
from benchrace.plugin.offer import AUTO
from benchrace.run.control import PreflightOrder
from benchrace.run.job import JobLane
from benchrace.worker.bounded import bounded
from benchrace.worker.params import complete, convert, is_automatic, without_automatic
from benchrace.worker.quiet import QuietContext
from benchrace.worker.registry import Registry

LIMIT_S = 30.0


async def preflight_lanes(
    order: PreflightOrder, registry: Registry, context: QuietContext
) -> list[LaneReadiness]:
    """Answer for each lane, in their order, one after the other."""
    return [await _lane(lane, order.kind, registry, context) for lane in order.lanes]


async def _lane(
    lane: JobLane, kind: str, registry: Registry, context: QuietContext
) -> LaneReadiness:
    try:
        workload = registry.workload(lane.backend, kind)
    except BenchraceError as error:
        return _refused(lane, error.failure())
    params, fields = convert(without_automatic(lane.params, workload), workload)
    if params is None:
        return LaneReadiness(lane_id=lane.lane_id, fields=fields)
    asked = Lane(lane_id=lane.lane_id, label=lane.label, kind=kind, params=params)
    found = await bounded(
        f"preflight of {lane.label}", lambda: _ask(asked, lane.backend, registry, context), LIMIT_S
    )
    if isinstance(found, Failure):
        return _refused(lane, found)
    return _answer(lane, found, params, workload)


async def _ask(
    lane: Lane[Params], backend: str, registry: Registry, context: QuietContext
) -> Readiness:
    found = await registry.make(backend).preflight(lane, context)
    if not isinstance(found, Readiness):
        raise TypeError(f"it returned {found!r:.200}, no Readiness")
    return found


def _answer(lane: JobLane, found: Readiness, params: Params, workload: Workload) -> LaneReadiness:
    """Fill in the parameters; what stood in for an "auto" is no fault of the lane's."""
    fields = found.fields
    values = complete(params)
    if is_automatic(lane.params, workload) and workload.automatic is not None:
        fields = tuple(each for each in fields if each.path != workload.automatic)
        values[workload.automatic] = AUTO
    ready = not fields and not found.problems
    return LaneReadiness(
        lane_id=lane.lane_id,
        fields=fields,
        problems=found.problems,
        params=values if ready else None,
    )


def _refused(lane: JobLane, failure: Failure) -> LaneReadiness:
    """Say a failure in a lane's own words: bad fields as fields, all else as a problem."""
    fields: tuple[FieldError, ...] = ()
    if failure.category is Category.VALIDATION:
        fields = failure.fields
    problem = Problem(message=failure.message, remedy=failure.remedy)
    return LaneReadiness(lane_id=lane.lane_id, fields=fields, problems=() if fields else (problem,))
