"""Asking every machine of a run whether its lanes can start, and what "auto" comes to there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import anyio
import msgspec

from benchrace.central.fleet import Fleet
from benchrace.central.settings import Limits
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, with_remedy
from benchrace.link.capabilities import Calibrated, LaneReadiness
from benchrace.plugin.readiness import Problem
from benchrace.run.coerce import AUTO
from benchrace.run.job import JobLane
from benchrace.run.metadata import LeftOut, RunLane, RunMetadata
from benchrace.run.plan import smallest

Path = Callable[[str, str], str]
"""Names a lane's parameter in the specification: lane id, parameter -> `lanes[1].params.n`."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: complete parameters of lanes that are ready, and the lanes left out."""

    complete: dict[str, dict[str, Any]]
    left: dict[str, LeftOut]


class Preflight:
    """Asks machines in parallel, and each machine all of its lanes at once."""

    def __init__(self, fleet: Fleet, limits: Limits) -> None:
        self._fleet = fleet
        self._limits = limits

    async def check(
        self, kind: str, lanes: Sequence[RunLane], path: Path, only_ready: bool
    ) -> Checked:
        """Raise `InvalidInput` with every reason, or leave out what is not ready if so wished.

        Where nothing would be left, the reasons are raised all the same. Raises `busy` where a
        machine has begun to measure meanwhile: that says nothing of the lanes.
        """
        answers: dict[str, LaneReadiness] = {}
        busy: list[BenchraceError] = []

        async def ask(machine_id: str, there: Sequence[RunLane]) -> None:
            try:
                found = await self._readiness(machine_id, kind, there)
            except BenchraceError as error:
                busy.append(error)
            else:
                answers.update({each.lane_id: each for each in found})

        async with anyio.create_task_group() as group:
            for machine_id, there in by_machine(lanes).items():
                group.start_soon(ask, machine_id, there)
        if busy:
            raise busy[0]
        unready = [lane for lane in lanes if not answers[lane.lane_id].ready]
        if unready and (not only_ready or len(unready) == len(lanes)):
            # What lanes share is wrong in each of them, and said once.
            wrong = dict.fromkeys(
                each for lane in unready for each in _errors(answers[lane.lane_id], path)
            )
            some = len(unready) < len(lanes)
            raise InvalidInput(
                list(wrong),
                "Correct what is named, or race only the lanes that are ready."
                if some
                else "Correct what is named, and start again.",
            )
        return Checked(
            complete={
                lane_id: each.params
                for lane_id, each in answers.items()
                if each.ready and each.params is not None
            },
            left={lane.lane_id: _left_out(lane, answers[lane.lane_id], path) for lane in unready},
        )

    async def calibrate(self, run: RunMetadata) -> dict[str, Any] | None:
        """Settle "auto": the smallest value over all lanes that say so; None where none does.

        Raises what the machine answered where it cannot.
        """
        lanes = to_calibrate(run)
        if not lanes:
            return None
        found: list[Mapping[str, Any]] = []
        failures: list[BenchraceError] = []

        async def ask(machine_id: str, there: Sequence[RunLane]) -> None:
            try:
                result = await self._ask(
                    machine_id, "calibrate", run.kind, there, self._limits.calibrate_s
                )
                found.extend(each.params for each in msgspec.convert(result, list[Calibrated]))
            except BenchraceError as error:
                failures.append(error)
            except msgspec.ValidationError as error:
                failures.append(_unreadable(machine_id, error))

        async with anyio.create_task_group() as group:
            for machine_id, there in by_machine(lanes).items():
                group.start_soon(ask, machine_id, there)
        if failures:
            raise failures[0]
        return smallest(found)

    async def _readiness(
        self, machine_id: str, kind: str, lanes: Sequence[RunLane]
    ) -> Iterable[LaneReadiness]:
        """Give an answer for each lane; a machine that cannot answer has a problem in each.

        Raises `busy`.
        """
        try:
            result = await self._ask(machine_id, "preflight", kind, lanes, self._limits.preflight_s)
            answers = {each.lane_id: each for each in msgspec.convert(result, list[LaneReadiness])}
        except msgspec.ValidationError as error:
            return _unable(lanes, _unreadable(machine_id, error))
        except BenchraceError as error:
            if error.category is Category.BUSY:
                raise
            return _unable(lanes, error)
        silent = BenchraceError(
            Category.SYSTEM, f"{machine_id} said nothing of this lane", "Update its agent."
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
        asked = tuple(
            JobLane(
                lane_id=lane.lane_id, label=lane.label, backend=lane.backend, params=lane.params
            )
            for lane in lanes
        )
        return await machine.session.asks.ask(what, limit_s, kind, asked)


def to_calibrate(run: RunMetadata) -> tuple[RunLane, ...]:
    """Give the lanes whose automatic parameter still says "auto"."""
    return tuple(
        lane
        for lane in run.lanes
        if (offered := run.workloads.get(lane.backend)) is not None
        and offered.automatic is not None
        and lane.params.get(offered.automatic) == AUTO
    )


def by_machine(lanes: Iterable[RunLane]) -> dict[str, list[RunLane]]:
    """Sort lanes by their machine, in order."""
    sorted_out: dict[str, list[RunLane]] = {}
    for lane in lanes:
        sorted_out.setdefault(lane.machine_id, []).append(lane)
    return sorted_out


def _errors(answer: LaneReadiness, path: Path) -> Iterable[FieldError]:
    for field in answer.fields:
        yield FieldError(path(answer.lane_id, field.path), field.message)
    for problem in answer.problems:
        told = with_remedy(problem.message, problem.remedy)
        yield FieldError(path(answer.lane_id, ""), told)


def _left_out(lane: RunLane, answer: LaneReadiness, path: Path) -> LeftOut:
    return LeftOut(
        label=lane.label,
        machine_id=lane.machine_id,
        backend=lane.backend,
        fields=tuple(
            FieldError(path(lane.lane_id, field.path), field.message) for field in answer.fields
        ),
        problems=answer.problems,
    )


def _unable(lanes: Iterable[RunLane], error: BenchraceError) -> list[LaneReadiness]:
    problem = Problem(message=error.message, remedy=error.remedy)
    return [LaneReadiness(lane_id=lane.lane_id, problems=(problem,)) for lane in lanes]


def _unreadable(machine_id: str, error: msgspec.ValidationError) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM, f"the answer of {machine_id} cannot be read: {error}", "Update its agent."
    )
