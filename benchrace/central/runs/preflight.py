"""Preflight of a run's lanes on their machines, and calibration of "auto" parameters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from benchrace import structs
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.lending.builds import worker_problems
from benchrace.central.settings import Limits
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, with_remedy
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import Calibrated, LaneReadiness
from benchrace.run.clients import on_machines
from benchrace.run.lane import RunLane, by_machine
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.planning.completion import (
    path,
    smallest,
    to_calibrate,
    with_automatic,
    with_readiness,
)

Key = tuple[str, str]
"""A machine that was asked, and the lane."""


class Preflight:
    """Checks machines in parallel, and all lanes of a machine at once."""

    def __init__(self, fleet: Fleet, limits: Limits) -> None:
        self._fleet = fleet
        self._limits = limits

    async def check(self, run: RunMetadata) -> RunMetadata:
        """Return the run with complete parameters, and without what is not ready if so wished.

        Raises `InvalidInput` with every reason, also where nothing would be left. Raises `busy`
        where a machine has begun to measure meanwhile: that says nothing of the lanes.
        """
        answers = await self._answers(run)
        unready = [lane for lane in on_machines(run.lanes) if not answers[_key(lane)].ready]
        left_out = {lane.lane_id: lane for lane in reversed(unready)}
        if unready and (not run.spec.only_ready or len(left_out) == len(run.lanes)):
            raise _refusal(run, unready, answers)
        return with_readiness(
            run,
            complete={
                lane.lane_id: answer.params
                for lane in run.lanes
                if (answer := answers[_key(lane)]).ready and answer.params is not None
            },
            left_out={
                lane_id: _left_out(run, lane, answers[_key(lane)])
                for lane_id, lane in left_out.items()
            },
        )

    async def calibrate(self, run: RunMetadata) -> RunMetadata:
        """Return the run with "auto" settled: the smallest value over all lanes that say so.

        Raises what the machine answered where it cannot.
        """
        lanes = to_calibrate(run)
        if not lanes:
            return run
        values: list[Mapping[str, Any]] = []
        failures: list[BenchraceError] = []

        async def ask(machine_id: str, there: Sequence[RunLane]) -> None:
            try:
                result = await self._ask(
                    machine_id, "calibrate", run.kind, there, self._limits.calibrate_s
                )
                values.extend(
                    calibrated.params for calibrated in structs.convert(result, list[Calibrated])
                )
            except BenchraceError as error:
                failures.append(error)
            except msgspec.ValidationError as error:
                failures.append(_unreadable(machine_id, error))

        async with anyio.create_task_group() as group:
            for machine_id, there in by_machine(lanes).items():
                group.start_soon(ask, machine_id, there)
        if failures:
            raise failures[0]
        return with_automatic(run, smallest(values))

    async def _answers(self, run: RunMetadata) -> dict[Key, LaneReadiness]:
        """Return the answer of every machine of every lane; raises `busy`."""
        answers: dict[Key, LaneReadiness] = {}
        busy: list[BenchraceError] = []

        async def ask(machine_id: str, there: Sequence[RunLane]) -> None:
            try:
                readiness = await self._readiness(machine_id, run.kind, there)
            except BenchraceError as error:
                busy.append(error)
            else:
                answers.update({(machine_id, answer.lane_id): answer for answer in readiness})

        async with anyio.create_task_group() as group:
            for machine_id, there in by_machine(on_machines(run.lanes)).items():
                group.start_soon(ask, machine_id, there)
        if busy:
            raise busy[0]
        problems = await worker_problems(run.lanes, self._fleet, self._limits.probe_s)
        for lane in run.lanes:
            answer, more = answers[_key(lane)], problems.get(lane.lane_id, ())
            answers[_key(lane)] = msgspec.structs.replace(
                answer, problems=(*answer.problems, *more)
            )
        return answers

    async def _readiness(
        self, machine_id: str, kind: str, lanes: Sequence[RunLane]
    ) -> Iterable[LaneReadiness]:
        """Return an answer for each lane; a machine that cannot answer has a problem in each.

        Raises `busy`.
        """
        try:
            result = await self._ask(machine_id, "preflight", kind, lanes, self._limits.preflight_s)
            answers = {
                readiness.lane_id: readiness
                for readiness in structs.convert(result, list[LaneReadiness])
            }
        except msgspec.ValidationError as error:
            return _unable(lanes, _unreadable(machine_id, error))
        except BenchraceError as error:
            if error.category is Category.BUSY:
                raise
            return _unable(lanes, error)
        silent = BenchraceError(
            Category.SYSTEM, f"{machine_id} did not answer for this lane", "Update its agent."
        )
        missing = [lane for lane in lanes if lane.lane_id not in answers]
        return [
            *(answers[lane.lane_id] for lane in lanes if lane.lane_id in answers),
            *_unable(missing, silent),
        ]

    async def _ask(
        self, machine_id: str, what: Any, kind: str, lanes: Sequence[RunLane], limit_s: float
    ) -> Any:
        machine = self._fleet.get(machine_id)
        if machine.session is None:
            raise BenchraceError(Category.UNREACHABLE, f"{machine_id} is not linked")
        return await machine.session.requests.ask(what, limit_s, kind, tuple(lanes))


def _key(lane: RunLane) -> Key:
    return lane.machine_id, lane.lane_id


def _refusal(
    run: RunMetadata, unready: Sequence[RunLane], answers: Mapping[Key, LaneReadiness]
) -> InvalidInput:
    # What lanes share is wrong in each of them, and reported once.
    wrong = dict.fromkeys(
        error for lane in unready for error in _errors(run, lane, answers[_key(lane)])
    )
    details = dict.fromkeys(
        problem.detail
        for lane in unready
        for problem in answers[_key(lane)].problems
        if problem.detail
    )
    some = len({lane.lane_id for lane in unready}) < len(run.lanes)
    return InvalidInput(
        list(wrong),
        "Correct these problems, or race only the lanes that are ready."
        if some
        else "Correct these problems, and start again.",
        detail="\n".join(details) or None,
    )


def _fields(run: RunMetadata, lane: RunLane, answer: LaneReadiness) -> Iterable[FieldError]:
    for field in answer.fields:
        yield FieldError(path(run, lane, field.path), field.message, lane.machine_id)


def _errors(run: RunMetadata, lane: RunLane, answer: LaneReadiness) -> Iterable[FieldError]:
    yield from _fields(run, lane, answer)
    for problem in answer.problems:
        message = with_remedy(problem.message, problem.remedy)
        yield FieldError(path(run, lane), message, lane.machine_id)


def _left_out(run: RunMetadata, lane: RunLane, answer: LaneReadiness) -> LeftOut:
    return LeftOut(
        label=lane.label,
        machine_id=lane.machine_id,
        backend=lane.backend,
        fields=tuple(_fields(run, lane, answer)),
        problems=answer.problems,
    )


def _unable(lanes: Iterable[RunLane], error: BenchraceError) -> list[LaneReadiness]:
    problem = Problem(message=error.message, remedy=error.remedy, detail=error.detail)
    return [LaneReadiness(lane_id=lane.lane_id, problems=(problem,)) for lane in lanes]


def _unreadable(machine_id: str, error: msgspec.ValidationError) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM, f"invalid answer from {machine_id}: {error}", "Update its agent."
    )
