"""Starting envelopes: each once, however they come, and cancelled also before they run."""

from typing import Any, cast

import anyio
import msgspec
import pytest
from quart import Quart

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobFolder, JobRecord, JobSender
from benchrace.api.jobs import JobRequest
from benchrace.compat.envelope.routes import Envelopes
from benchrace.errors import Category, FieldError, InvalidInput
from benchrace.events import encode
from benchrace.events.envelope import JobError, Stream
from benchrace.events.payloads import JobErrorPayload
from benchrace.notifier import Notifier
from benchrace.testing import job_lane, job_spec
from benchrace.testing.limits import HANG_S
from tests.central.offer import capabilities
from tests.compat.envelope.test_request import sent

FAILED = encode(
    JobError(
        run_id=None,
        job_id="j",
        machine_id="m",
        lane_id=None,
        round=None,
        stream=Stream.WORK,
        seq=0,
        t_ns=0,
        timestamp_s=0.0,
        payload=JobErrorPayload(category=Category.SYSTEM, message="x", remedy="y"),
    )
)


class FakeAgent:
    """Starts jobs when it is let; `error` is what it raises instead."""

    def __init__(self) -> None:
        self.jobs = self.capabilities = self
        self.started: list[Job] = []
        self.let = anyio.Event()
        self.waits = anyio.Event()
        self.error: Exception | None = None

    def all(self) -> list[Job]:
        return self.started

    @property
    def running(self) -> Job | None:
        return self.started[-1] if self.started else None

    async def ready(self) -> object:
        return capabilities("m1")

    async def start_direct(self, _: JobRequest, sender: JobSender) -> Job:
        self.waits.set()
        await self.let.wait()
        if self.error is not None:
            raise self.error
        spec = job_spec("workflow", [job_lane(0, "comfyui", {})])
        record = JobRecord(
            spec=spec, t0_ns=0, boot_id=None, accepted_at=0.0, version="1", sender=sender
        )
        job = Job(cast(JobFolder, None), record, Notifier())
        self.started.append(job)
        return job


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


@pytest.fixture
def envelopes(agent: FakeAgent) -> Envelopes:
    return Envelopes(cast(Agent, agent))


async def posted(envelopes: Envelopes, fields: dict[str, Any]) -> tuple[int, Any]:
    async with Quart(__name__).app_context():
        answer = await envelopes.start(fields)
        return answer.status_code, msgspec.json.decode(await answer.get_data())


async def test_the_same_envelope_twice_at_once_starts_one_job(
    agent: FakeAgent, envelopes: Envelopes
) -> None:
    answers = []

    async def post() -> None:
        answers.append(await posted(envelopes, sent()))

    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(post)
            tasks.start_soon(post)
            await anyio.wait_all_tasks_blocked()
            agent.let.set()
    assert len(agent.started) == 1
    assert answers == [answers[0]] * 2
    assert (answers[0][0], answers[0][1]["status"]) == (202, "accepted")


@pytest.mark.parametrize("by", ["cancelToken", "jobId"])
async def test_a_cancel_waits_for_an_envelope_that_is_checked(
    agent: FakeAgent, envelopes: Envelopes, by: str
) -> None:
    fields = sent(cancelToken="let it be")
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(posted, envelopes, fields)
            await agent.waits.wait()
            assert await envelopes.running_with("another") is None
            agent.let.set()
            assert await envelopes.running_with(fields[by]) in agent.started


async def test_an_envelope_whose_job_is_over_is_told_how_it_ended(
    agent: FakeAgent, envelopes: Envelopes
) -> None:
    agent.let.set()
    await posted(envelopes, sent())
    agent.started[0].ended(FAILED)
    status, body = await posted(envelopes, sent())
    assert (status, body["status"]) == (200, "failed")
    assert len(agent.started) == 1


async def test_a_bad_field_is_named_as_it_was_sent(agent: FakeAgent, envelopes: Envelopes) -> None:
    agent.let.set()
    agent.error = InvalidInput(FieldError("params.cfg", "too large"))
    with pytest.raises(InvalidInput) as caught:
        await posted(envelopes, sent())
    assert caught.value.fields[0].path == "parameters.cfgScale"
    assert await envelopes.running_with(sent()["jobId"]) is None
