"""A job that goes through its schedule by a test's script."""

import hashlib
from typing import TYPE_CHECKING, Any

import anyio

from benchrace.errors import Category
from benchrace.events import (
    Artifact,
    Event,
    JobCancelled,
    JobDone,
    JobError,
    Level,
    RoundDone,
    RoundStart,
    Stream,
    Verdict,
    encode,
)
from benchrace.events import payloads as p
from benchrace.protocol import agent_central as m
from benchrace.protocol.job import JobSpec
from benchrace.run.planning.order import Slot
from benchrace.run.states import JobPhase

if TYPE_CHECKING:
    from tests.central.scripted import FakeAgent


class FakeJob:
    """A job that does its schedule by script; `lines` is its journal."""

    def __init__(self, agent: "FakeAgent", spec: JobSpec) -> None:
        self.agent = agent
        self.spec = spec
        self.phase = JobPhase.ACCEPTED
        self.heat: int | None = None
        self.lines: dict[str, list[bytes]] = {"work": [], "agent": []}
        self.acked: dict[str, int] = {}
        self.go: dict[int, int] = {}
        self.spans: list[tuple[int, int]] = []
        self.shorten: dict[str, int] = {}
        self.scope = anyio.CancelScope()
        self.cancel: str | None = None

    async def work(self) -> None:
        with self.scope:
            self.to(JobPhase.OPENING)
            await self.agent.opening.wait()
            for slot in self.spec.schedule:
                if self.left_out(slot):
                    continue
                await self.turn(slot)
        if self.cancel is not None:
            self.say(JobCancelled, p.JobCancelledPayload(reason=self.cancel))
            self.to(JobPhase.CANCELLED)
        elif not self.phase.final:
            self.say(JobDone, p.JobDonePayload(metrics={}))
            self.to(JobPhase.DONE)

    def left_out(self, slot: Slot) -> bool:
        counted = slot.round - self.warmups(slot.lane_id)
        return counted >= self.shorten.get(slot.lane_id, 1 << 30)

    def warmups(self, lane_id: str) -> int:
        return sum(slot.warmup for slot in self.spec.schedule if slot.lane_id == lane_id)

    async def turn(self, slot: Slot) -> None:
        armed_ns = None
        if slot.armed and slot.heat is not None:
            self.heat = slot.heat
            await self.agent.late(slot.heat)
            self.to(JobPhase.READY, slot.heat)
            while slot.heat not in self.go:
                if self.left_out(slot) and self.spec.lane(slot.lane_id).part is not None:
                    return
                await self.agent.wait()
            armed_ns = self.go[slot.heat]
            await anyio.sleep(max(0, armed_ns - self.agent.now_ns()) / 1e9)
            self.heat = None
            self.to(JobPhase.RUNNING)
        begun_ns = self.agent.now_ns()
        started = p.RoundStartPayload(
            warmup=slot.warmup, heat=slot.heat, started_ns=begun_ns, armed_ns=armed_ns
        )
        self.say(RoundStart, started, slot)
        await self.agent.round(slot)
        measured = self.agent.measured(slot)
        failed = any(figure.value is None for figure in measured)
        done = p.RoundDonePayload(
            warmup=slot.warmup,
            heat=slot.heat,
            elapsed_ns=self.agent.elapsed_ns,
            record=self.agent.record(slot),
            measured=measured,
            verdict=Verdict(Level.INVALID if failed else Level.VALID),
            metrics_version=1,
        )
        self.spans.append((begun_ns, self.agent.now_ns()))
        self.say(RoundDone, done, slot)

    def to(self, phase: JobPhase, heat: int | None = None, opening: str | None = None) -> None:
        self.phase = phase
        job_id = self.spec.job_id
        changed = m.PhaseChanged(job_id=job_id, phase=phase, heat=heat, opening=opening)
        self.agent.phases.append(changed)
        self.agent.notify()

    def receive(self, message: m.Go | m.CancelJob | m.Shorten | m.Ack) -> None:
        match message:
            case m.Go():
                self.go[message.heat] = message.at_ns
                self.agent.notify()
            case m.CancelJob() if not self.phase.final and self.cancel is None:
                self.cancel = message.reason
                self.scope.cancel()
            case m.Shorten():
                self.shorten.update(dict.fromkeys(message.lane_ids, message.rounds))
                self.agent.notify()
            case m.Ack():
                self.acked[message.stream] = message.next_seq
            case _:
                pass

    def fail(self, category: Category) -> None:
        """End as a restarted agent ends a job that it finds dead."""
        self.scope.cancel()
        self.say(JobError, p.JobErrorPayload(category=category, message="it died", remedy="None."))
        self.to(JobPhase.FAILED)

    def make(self, slot: Slot, name: str, media_type: str, data: bytes) -> str:
        """Keep a file as the job's, and name it by an event; gives its SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        self.agent.files[(self.spec.job_id, digest)] = data
        payload = p.ArtifactPayload(
            name=name, media_type=media_type, size=len(data), digest=f"sha256:{digest}"
        )
        self.say(Artifact, payload, slot)
        return digest

    def say(
        self,
        kind: type[Event],
        payload: object,
        slot: Slot | None = None,
        stream: Stream = Stream.WORK,
    ) -> None:
        make: Any = kind
        event = make(
            run_id=self.spec.run_id,
            job_id=self.spec.job_id,
            machine_id=self.spec.machine_id,
            lane_id=slot.lane_id if slot else None,
            round=slot.round if slot else None,
            stream=stream,
            seq=len(self.lines[stream]),
            t_ns=0,
            timestamp_s=0.0,
            payload=payload,
        )
        self.lines[stream].append(encode(event))
        self.agent.notify()
