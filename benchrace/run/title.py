"""What a race is called that nobody has named: on the page, in lists, in what is published."""

from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata, machine_label
from benchrace.run.planning.labels import Facts, machine_text
from benchrace.run.planning.labels import title as named_by
from benchrace.run.planning.schema import Schema

_NOTHING: Schema = {}


def title(run: RunMetadata) -> str:
    """Return what differs between its lanes: `segmented sieve vs simple sieve`.

    A single lane differs from none: `Count primes on desk`.
    """
    if len(run.lanes) == 1 and _own_label(run, lane := run.lanes[0]) is None:
        workload = run.workloads.get(lane.backend)
        work = run.kind if workload is None else workload.title
        return f"{work} {'' if lane.workers else 'on '}{_machines(run, lane)}"
    facts = [
        Facts(
            label=_own_label(run, lane),
            spread=False,
            machine=_machines(run, lane),
            backend=lane.backend,
            params=lane.params,
            schema=_schema(run, lane.backend),
        )
        for lane in run.lanes
    ]
    return named_by(facts, [lane.label for lane in run.lanes])


def _machines(run: RunMetadata, lane: RunLane) -> str:
    return machine_text(
        machine_label(run, lane.machine_id),
        [machine_label(run, name) for name in lane.workers],
        [machine_label(run, client.machine_id) for client in lane.clients],
    )


def _own_label(run: RunMetadata, lane: RunLane) -> str | None:
    at = lane.spec_index
    return None if at is None or at >= len(run.spec.lanes) else run.spec.lanes[at].label


def _schema(run: RunMetadata, backend: str) -> Schema:
    workload = run.workloads.get(backend)
    return _NOTHING if workload is None else workload.params_schema
