"""When a job's callbacks are queued, and how long a job is kept for them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from benchrace.agent.delivery import archive
from benchrace.agent.delivery.reporter import Reporter
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.registry import Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.config.callbacks import CallbackConfig
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.outbox import DeliveryState, Outbox
from benchrace.delivery.post import Outcome
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.protocol.agent_worker import PhaseNow
from benchrace.run.states import JobPhase
from benchrace.testing.clock import FakeClock
from benchrace.testing.limits import HANG_S
from tests.agent.delivery.jobs import ALL, NOBODY, end, finished, new_job

CONFIG = CallbackConfig(allowed_hosts=("127.0.0.1",))
STATUS = Callbacks(status=ALL.status)


class NotedOutbox(Outbox):
    """Notifies when it was changed, or asked for keys."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.noted = Notifier()

    def _do(self, work: Any) -> Any:
        result = super()._do(work)
        if hasattr(self, "noted"):
            anyio.from_thread.run_sync(self.noted.notify)
        return result


class Machine:
    """The jobs of an agent and its reporter; nothing arrives while `down`."""

    def __init__(self, data: Path, outbox: NotedOutbox, keep_jobs: int) -> None:
        clock = FakeClock()
        context = RunnerContext(
            command=(), sampling=cast(Sampling, None), clock=clock, boot_id=None
        )
        self.data = data
        self.jobs = Jobs(
            data / "jobs",
            "m1",
            Slot("m1", None),
            context,
            lambda: Retention(keep_jobs=keep_jobs, keep_s=1e9),
        )
        self.outbox = outbox
        self.reporter = Reporter(data / "none", CONFIG, self.jobs, clock)
        poster: Any = self
        self.reporter._poster = poster
        self.down = False

    async def prepare(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def post(self, _: object) -> Outcome:
        if self.down:
            return Outcome(DeliveryState.PENDING, 500, "down")
        return Outcome(DeliveryState.DELIVERED, 200)

    async def add(self, callbacks: Callbacks = NOBODY, *, over: bool = False) -> Job:
        """Start a job that does nothing."""

        def work() -> Job:
            job = new_job(self.data / "jobs", callbacks=callbacks)
            if over:
                job.ended(end(job))
            return job

        job = await anyio.to_thread.run_sync(work)
        self.jobs._jobs[job.job_id] = job
        return job

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.reporter.run)
            yield
            tasks.cancel_scope.cancel()

    async def until(self, job: Job, look: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait until a job's callbacks are as `look` wants them."""
        with anyio.fail_after(HANG_S):
            while True:
                # It counts itself.
                seen = self.outbox.noted.count + 1
                entries = list((await self.reporter.document(job)).callbacks)
                if look(entries):
                    return entries
                await self.outbox.noted.wait(seen)


async def machine(data: Path, keep_jobs: int = 1) -> Machine:
    outbox = await anyio.to_thread.run_sync(NotedOutbox, data / "callbacks" / "m1.sqlite")
    machine = Machine(data, outbox, keep_jobs)
    await machine.jobs.recover()
    machine.reporter._outbox = outbox
    machine.reporter._needed.set()
    return machine


def arrived(count: int) -> Callable[[list[Any]], bool]:
    return lambda entries: [entry.state for entry in entries] == ["delivered"] * count


async def left_over(data: Path, callbacks: Callbacks, count: int = 1) -> None:
    """Make jobs that ended under an earlier agent."""

    def work() -> None:
        for _ in range(count):
            end(new_job(data / "jobs", callbacks=callbacks))

    await anyio.to_thread.run_sync(work)


async def test_each_phase_is_told_also_where_the_next_one_came_at_once(tmp_path: Path) -> None:
    agent = await machine(tmp_path)
    job = await agent.add(STATUS)
    for phase in (JobPhase.OPENING, JobPhase.RUNNING):
        job.moved(PhaseNow(phase=phase, heat=None))
    async with agent.running():
        await agent.until(job, arrived(3))
        job.ended(await anyio.to_thread.run_sync(end, job))
        agent.jobs.changed.notify()
        entries = await agent.until(job, arrived(4))
    assert [entry.idempotency_key for entry in entries] == [
        f"{job.job_id}-status-{which}" for which in (1, 2, 3, "done")
    ]


async def test_an_end_that_was_told_of_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await left_over(tmp_path, ALL)
    first = await machine(tmp_path)
    (job,) = first.jobs.all()
    async with first.running():
        entries = await first.until(job, arrived(2))
    assert [entry.event for entry in entries] == ["job.status", "job.completed"]
    built: list[object] = []
    monkeypatch.setattr(archive, "build", lambda *args: built.append(args))
    second = await machine(tmp_path)
    async with second.running():
        with anyio.fail_after(HANG_S):
            while second.reporter._unsettled:
                await second.outbox.noted.wait()
                await anyio.wait_all_tasks_blocked()
    assert built == []


async def test_an_earlier_job_is_told_of_when_no_other_measures(tmp_path: Path) -> None:
    await left_over(tmp_path, ALL)
    agent = await machine(tmp_path)
    (job,) = agent.jobs.all()
    await agent.jobs.slot.take("j1")
    async with agent.running():
        await agent.outbox.noted.wait()
        await anyio.wait_all_tasks_blocked()
        document = await agent.reporter.document(job)
        assert (document.archive, document.callbacks) == (None, ())
        agent.jobs.slot.release()
        agent.jobs.changed.notify()
        await agent.until(job, arrived(2))
        assert (await agent.reporter.document(job)).archive is not None


async def test_a_job_is_kept_until_its_callbacks_have_arrived(tmp_path: Path) -> None:
    await left_over(tmp_path, STATUS)
    agent = await machine(tmp_path)
    (held,) = agent.jobs.all()
    agent.down = True
    async with agent.running():
        await agent.until(held, lambda entries: bool(entries and entries[0].attempts))
        last = await agent.add(over=True)
        await agent.jobs.tidy()
        assert agent.jobs.all() == (held, last)
        agent.down = False
        await agent.reporter.retry((), held.job_id)
        await agent.until(held, arrived(1))
        await agent.jobs.tidy()
    assert agent.jobs.all() == (last,)


async def test_what_waits_for_a_receiver_that_is_gone_is_bounded(tmp_path: Path) -> None:
    await left_over(tmp_path, STATUS, count=5)
    agent = await machine(tmp_path)
    assert len(agent.jobs.all()) == 2
    await anyio.to_thread.run_sync(agent.outbox.close)


async def test_a_failing_outbox_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BenchraceError(Category.SYSTEM, "the disk is gone")

    await left_over(tmp_path, STATUS)
    agent = await machine(tmp_path)
    (job,) = agent.jobs.all()
    agent.reporter._unsettled.clear()
    monkeypatch.setattr(Outbox, "_do", fail)
    await agent.add(over=True)
    await agent.jobs.tidy()
    assert job in agent.jobs.all()
    assert (await agent.reporter.document(job)).callbacks == ()
    await anyio.to_thread.run_sync(agent.outbox.close)


async def test_what_an_operation_held_back_is_sent_after_it(tmp_path: Path) -> None:
    agent = await machine(tmp_path)
    job = await agent.add(callbacks=STATUS)
    await agent.jobs.slot.take("o1", "restart of comfyui")
    async with agent.running():
        entries = await agent.until(job, lambda entries: len(entries) == 1)
        await anyio.wait_all_tasks_blocked()
        assert [entry.attempts for entry in entries] == [0]
        agent.jobs.slot.release()
        await agent.until(job, arrived(1))


async def test_a_job_that_waits_is_looked_at_again_once_something_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await machine(tmp_path)
    uploader: Any = agent
    agent.reporter._uploader = uploader
    job = await anyio.to_thread.run_sync(finished, tmp_path / "jobs", ("cat.png", b"1"))
    looks: list[JobPhase] = []
    queue = agent.reporter._queue

    def count(job: Job, phase: JobPhase, form: Any) -> Any:
        looks.append(phase)
        return queue(job, phase, form)

    monkeypatch.setattr(agent.reporter, "_queue", count)
    await agent.jobs.slot.take("j2")
    async with agent.running():
        await anyio.wait_all_tasks_blocked()
        # It ended in this agent, and the next job measures already.
        agent.jobs._jobs[job.job_id] = job
        agent.reporter.follow(job)
        agent.jobs.changed.notify()
        await agent.until(job, lambda entries: len(entries) == 1)
        await anyio.wait_all_tasks_blocked()
        before = len(looks)
        for _ in range(3):
            agent.jobs.changed.notify()
            await anyio.wait_all_tasks_blocked()
        assert len(looks) == before
        agent.jobs.slot.release()
        await agent.until(job, arrived(2))
