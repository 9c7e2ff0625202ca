"""Gather the parts of rounds from a log, until each round can be joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category
from benchrace.events import Chunks, Known, Level, RoundDone, RoundStart, RunLifecycle
from benchrace.events.payloads import JobBegun, RunPhase
from benchrace.kinds.llm import ServeRecord
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.llm.response.restamp import StampsUnavailable, restamp_answer
from benchrace.run.clients import jobs_of, machines_of
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata, machine_label
from benchrace.run.summary import ClientSummary
from benchrace.stats.clients.join import fail, join
from benchrace.stats.clients.load import Loads
from benchrace.stats.clients.part import PartRound
from benchrace.stats.judge import metrics_of
from benchrace.stats.raw import arrivals


@dataclass
class _Pending:
    """A round whose parts are not all there, by the place of their machine in the lane."""

    lane: RunLane
    done: dict[int, PartRound] = field(default_factory=dict)
    started_ns: dict[int, int] = field(default_factory=dict)
    chunks: dict[int, list[Chunks]] = field(default_factory=dict)

    @property
    def heat(self) -> int | None:
        return next(iter(self.done.values())).done.payload.heat

    @property
    def whole(self) -> bool:
        return len(self.done) == len(self.lane.clients) + 1

    @property
    def parts(self) -> list[PartRound]:
        return [self.done[index] for index in sorted(self.done)]


class GatheredRounds:
    """Joins the rounds of lanes with clients; those of other lanes pass as they are.

    A round is joined once, as soon as all parts and the comparison of their clocks are there.
    """

    def __init__(self, metadata: RunMetadata) -> None:
        self._metadata = metadata
        self._places = {
            job_id: (lane, index)
            for lane in metadata.lanes
            if lane.clients
            for index, job_id in enumerate(jobs_of(lane))
            if job_id is not None
        }
        # By heat and lane; the start of a lane may be known without those of the others.
        self._begun: dict[tuple[int, str], dict[str, JobBegun]] = {}
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._joined: set[tuple[str, int]] = set()
        self._ended = False
        self.loads = Loads()

    @property
    def used(self) -> bool:
        """Check whether any lane has clients, so that raw stamps are needed."""
        return bool(self._places)

    def take(self, event: Known) -> Iterator[RoundDone]:
        """Process an event; yields the rounds that are complete with it."""
        if isinstance(event, RunLifecycle):
            yield from self._lifecycle(event)
            return
        place = self._places.get(event.job_id or "")
        if place is None or event.round is None or event.lane_id != place[0].lane_id:
            if isinstance(event, RoundDone):
                yield event
            return
        key = event.lane_id, event.round
        if key in self._joined:
            return
        lane, index = place
        pending = self._pending.setdefault(key, _Pending(lane))
        match event:
            case RoundStart():
                pending.started_ns.setdefault(index, event.payload.started_ns)
            case Chunks():
                pending.chunks.setdefault(index, []).append(event)
            case RoundDone():
                self._add(pending, index, event)
                yield from self._complete(key, pending)
            case _:
                return

    def unfinished(self) -> Iterator[RoundDone]:
        """Yield rounds that some machine did not finish, failed, each with the machine's name.

        Of adaptive rounds none is expected: one machine may begin another while the others stop.
        """
        if self._metadata.spec.rounds == "auto":
            return
        for pending in self._pending.values():
            if not pending.done or pending.whole or pending.heat is None:
                continue
            absent = next(
                machine_id
                for index, machine_id in enumerate(machines_of(pending.lane))
                if index not in pending.done
            )
            machine = machine_label(self._metadata, absent)
            error = BenchraceError(
                Category.INTERRUPTED, f"{machine} did not finish its part of this round"
            )
            yield _own(pending.lane, fail(pending.parts, error.failure()))

    def summaries(self, lane: RunLane) -> tuple[ClientSummary, ...]:
        """Return what each machine of a lane with clients did; empty for other lanes."""
        return self.loads.summaries(lane) if lane.clients else ()

    def _lifecycle(self, event: RunLifecycle) -> Iterator[RoundDone]:
        payload = event.payload
        if payload.phase is RunPhase.HEAT_START and payload.heat is not None:
            self._note_starts(payload.heat, event.lane_id, payload.starts)
        elif payload.phase is RunPhase.RUN_END:
            self._ended = True
        else:
            return
        for key, pending in list(self._pending.items()):
            yield from self._complete(key, pending)

    def _note_starts(self, heat: int, own: str | None, starts: Sequence[JobBegun]) -> None:
        """Note when the jobs of lanes began a heat; `own` is the lane whose jobs did by themselves.

        A lane that is not named among others is still to begin, unless no clock was compared.
        """
        lanes = {lane.lane_id: set(jobs_of(lane)) for lane, _ in self._places.values()}
        for lane_id, jobs in lanes.items():
            found_starts = {start.job_id: start for start in starts if start.job_id in jobs}
            if own == lane_id or (own is None and (found_starts or not starts)):
                self._begun.setdefault((heat, lane_id), {}).update(found_starts)

    def _add(self, pending: _Pending, index: int, event: RoundDone) -> None:
        if index in pending.done:
            return
        machine_id = machines_of(pending.lane)[index]
        pending.done[index] = PartRound(
            machine=machine_label(self._metadata, machine_id),
            done=event,
            started_ns=pending.started_ns.get(index),
            gaps=_gaps(event, pending.chunks.pop(index, [])),
        )

    def _complete(self, key: tuple[str, int], pending: _Pending) -> Iterator[RoundDone]:
        if not pending.whole:
            return
        heat = pending.heat
        at = (-1 if heat is None else heat), pending.lane.lane_id
        if heat is not None and at not in self._begun and not self._ended:
            return
        self._joined.add(key)
        del self._pending[key]
        starts = self._begun.get(at, {})
        metrics = metrics_of(self._metadata, pending.lane)
        joined = join(pending.lane, pending.parts, starts, metrics)
        if joined.payload.verdict.level is not Level.INVALID:
            for machine_id, part in zip(machines_of(pending.lane), pending.parts, strict=True):
                self.loads.take(pending.lane, machine_id, part.done)
        yield joined


def _own(lane: RunLane, done: RoundDone) -> RoundDone:
    """Return a round as an event of the lane's own job, which may not be what it is made of."""
    return msgspec.structs.replace(done, job_id=lane.job_id, machine_id=lane.machine_id)


def _gaps(event: RoundDone, chunks: list[Chunks]) -> list[int] | None:
    """Return the gaps of all complete answers of a part; None where stamps are missing."""
    came = arrivals(chunks)
    gaps: list[int] = []
    try:
        record = structs.convert(event.payload.record, ServeRecord)
        for answer in record.answers:
            if answer.error is None:
                gaps.extend(inter_chunk.between(restamp_answer(answer, came)[1]))
    except (msgspec.ValidationError, StampsUnavailable):
        return None
    return gaps
