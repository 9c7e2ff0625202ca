"""A run of one lane with two machines, and its log, event by event."""

from collections.abc import Sequence
from typing import Any

import msgspec

from benchrace.errors import Failure
from benchrace.events import (
    Chunks,
    Event,
    JobCancelled,
    JobError,
    Level,
    Reason,
    RoundDone,
    RoundStart,
    RunLifecycle,
    Stream,
    Verdict,
    encode,
)
from benchrace.events import payloads as p
from benchrace.kinds import SERVE
from benchrace.kinds.llm import Answer, EngineFacts, ServeRecord, Usage
from benchrace.run.lane import LaneClient
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from tests.kinds.llm_answers import answer, serve
from tests.stats.text_run import run

MS = 1_000_000
# When each machine starts a round by its own clock, and how much later its load begins.
STARTED = {"a": 5_000 * MS, "b": 9_000_000 * MS}
BEGAN = {"a": 250 * MS, "b": 260 * MS}
# On central's clock b starts 3 ms after a: its load begins 13 ms after that of a.
AT = {"a": 0, "b": 3 * MS}
UNSURE = {"a": 200_000, "b": 300_000}
APART = 13 * MS


def clients_run(**params: Any) -> RunMetadata:
    """Return a run of one lane on machine `a`, with client `b`; two rounds, no warm-up."""
    metadata = run({"machine": "a", **params}, kind=SERVE, machines={"b": {"label": "Bee"}})
    lane = msgspec.structs.replace(
        metadata.lanes[0], clients=(LaneClient(machine_id="b", job_id="j-b"),)
    )
    return msgspec.structs.replace(metadata, lanes=(lane,), rounds=2, warmup=0)


def answered(request: int, send: int, last: int, tokens: int, **changes: Any) -> Answer:
    """Return an answer of three chunks, 10 ms apart, the last of them at `last` ms."""
    facts: dict[str, Any] = {
        "request": request,
        "send_ns": send * MS,
        "first_ns": (last - 20) * MS,
        "output_ns": (last - 20) * MS,
        "last_ns": last * MS,
        "end_ns": last * MS,
        "content": 3,
        "usage": Usage(prompt=5, output=tokens),
    }
    return answer(**{**facts, **changes})


class Log:
    """Feeds a fold with events of the two machines and of central."""

    def __init__(self, metadata: RunMetadata) -> None:
        self.fold = Fold(metadata)
        self.lines: list[bytes] = []
        self._seq = 0

    def emit(
        self,
        kind: type[Event],
        payload: Any,
        machine: str | None,
        round_: int | None = None,
        lane_id: str | None = None,
    ) -> None:
        self._seq += 1
        make: Any = kind
        line = encode(
            make(
                run_id="r",
                job_id=None if machine is None else f"j-{machine}",
                machine_id=machine,
                lane_id=lane_id if round_ is None else "lane-0",
                round=round_,
                stream=Stream.CENTRAL if machine is None else Stream.WORK,
                seq=self._seq,
                t_ns=self._seq,
                timestamp_s=0.0,
                payload=payload,
            )
        )
        self.lines.append(line)
        self.fold.feed(line)

    def heat(
        self,
        number: int,
        machines: Sequence[str] = ("a", "b"),
        unsure: int = 1,
        lane_id: str | None = None,
        **changes: Any,
    ) -> None:
        """Write when the machines started a heat, on central's clock."""
        starts = tuple(
            p.JobBegun(
                job_id=f"j-{name}",
                at_ns=AT.get(name, 0),
                uncertainty_ns=UNSURE.get(name, 0) * unsure,
            )
            for name in machines
        )
        payload = p.RunLifecyclePayload(
            phase=p.RunPhase.HEAT_START, heat=number, starts=starts, **changes
        )
        self.emit(RunLifecycle, payload, None, lane_id=lane_id)

    def part(
        self,
        machine: str,
        number: int,
        answers: Sequence[Answer],
        *,
        reasons: tuple[Reason, ...] = (),
        level: Level = Level.VALID,
        stamps: bool = True,
        **changes: Any,
    ) -> None:
        """Write one machine's part of a round."""
        started = p.RoundStartPayload(
            warmup=False, heat=number, started_ns=STARTED[machine], armed_ns=None
        )
        self.emit(RoundStart, started, machine, number)
        for one in answers if stamps else ():
            last = one.last_ns or 0
            chunks = p.ChunksPayload(
                first=0,
                t_ns=(last - 20 * MS, last - 10 * MS, last),
                size=(1, 1, 1),
                request=one.request,
                sent_ns=one.send_ns,
            )
            self.emit(Chunks, chunks, machine, number)
        record = record_of(machine, answers, **changes)
        self.done(machine, number, msgspec.to_builtins(record), Verdict(level, reasons))

    def done(
        self,
        machine: str,
        number: int,
        record: dict[str, Any] | None,
        verdict: Verdict = Verdict(Level.VALID, ()),  # noqa: B008 - frozen
        error: Failure | None = None,
    ) -> None:
        payload = p.RoundDonePayload(
            warmup=False,
            heat=number,
            elapsed_ns=1000 * MS,
            record=record,
            measured=(),
            verdict=verdict,
            metrics_version=2,
            error=error,
        )
        self.emit(RoundDone, payload, machine, number)

    def job_error(self, machine: str, error: Failure) -> None:
        payload = p.JobErrorPayload(
            category=error.category, message=error.message, remedy=error.remedy
        )
        self.emit(JobError, payload, machine)

    def cancelled(self, machine: str, reason: str) -> None:
        self.emit(JobCancelled, p.JobCancelledPayload(reason=reason), machine)

    def end(self, state: str = "failed") -> None:
        self.emit(RunLifecycle, p.RunLifecyclePayload(phase=p.RunPhase.RUN_END, state=state), None)


def record_of(machine: str, answers: Sequence[Answer], **changes: Any) -> ServeRecord:
    facts: dict[str, Any] = {
        "engine": EngineFacts(name="e", model="m"),
        "began_ns": STARTED[machine] + BEGAN[machine],
        **changes,
    }
    return serve(*answers, **facts)
