"""The older agent's calls: envelopes at `POST /jobs`, its cancel by token, and its probes."""

from typing import Any, NamedTuple

import anyio
import msgspec
from quart import Quart, Response
from quart_schema import document_response

from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobSender
from benchrace.agent.jobs.slot import Busy
from benchrace.api import decoding
from benchrace.api.jobs import JobRequest
from benchrace.compat.envelope.callbacks import FORM, PARAMS
from benchrace.compat.envelope.envelope import Envelope, digest
from benchrace.compat.envelope.request import as_sent, job_request, summary
from benchrace.compat.preferred import preferred
from benchrace.errors import FieldError, InvalidInput
from benchrace.web.answer import answer


class EnvelopeAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """`jobId` is the sender's own id, `job_id` that of `GET /jobs/{id}`.

    `status` is `accepted`, or the last state of a job that is over.
    """

    status: str
    job_id: str
    sent_id: str = msgspec.field(name="jobId")


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent does: `running` jobs; none ever waits, so that `pending` is 0."""

    running: int
    pending: int = 0


class AgentProbe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the agent works, and whether it could take a job."""

    status: str
    service: str
    busy: bool
    activity: Activity


def install_probes(app: Quart, agent: Agent) -> None:
    """Add the older agent's probes of health."""

    def probe() -> AgentProbe:
        busy = agent.slot.job_id is not None
        activity = Activity(running=int(busy))
        return AgentProbe(status="ok", service="benchrace agent", busy=busy, activity=activity)

    @app.get("/", endpoint="older_root")
    @document_response(AgentProbe)
    async def root() -> Response:
        """Return whether the agent is busy."""
        return answer(probe())

    @app.get("/healthz", endpoint="older_health")
    @document_response(AgentProbe)
    async def healthz() -> Response:
        """Return whether the agent is busy."""
        return answer(probe())


class _Start(NamedTuple):
    """An envelope that is being checked: its job may be cancelled already."""

    tokens: tuple[str | None, ...]
    over: anyio.Event


class Envelopes:
    """Starts envelopes, one by one, and finds what a token cancels."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._turn = anyio.Lock()
        self._starts: list[_Start] = []

    async def start(self, fields: dict[str, Any]) -> Response:
        """Start an envelope's job, once however often it is sent; 409 while another one runs."""
        if "cancel_token" in fields:
            fields = {"cancelToken": fields["cancel_token"], **fields}
        sha256 = digest(fields)
        envelope = decoding.convert(fields, Envelope)
        start = _Start((envelope.cancel_token, envelope.job_id), anyio.Event())
        self._starts.append(start)
        try:
            # The same envelope may come twice at once.
            async with self._turn:
                earlier = _earlier(self._agent, envelope, sha256)
                job = earlier or await self._started(envelope, sha256)
        except Busy as error:
            return _busy(self._agent, error)
        finally:
            self._starts.remove(start)
            start.over.set()
        over = job.phase.final
        accepted = EnvelopeAccepted(
            status=job.phase if over else "accepted", job_id=job.job_id, sent_id=envelope.job_id
        )
        return answer(accepted, 200 if over else 202)

    async def running_with(self, token: str) -> Job | None:
        """Return the running job that a token cancels: its own token, or its id.

        Waits for the start of an envelope that has this token.
        """
        for start in tuple(self._starts):
            if token in start.tokens:
                await start.over.wait()
        job = self._agent.jobs.running
        if job is None or job.phase.final:
            return None
        sender = job.record.sender
        tokens = (job.job_id, sender.cancel_token, sender.reference)
        return job if token in tokens else None

    async def _started(self, envelope: Envelope, sha256: str) -> Job:
        sender = JobSender(
            form=FORM,
            reference=envelope.job_id,
            digest=sha256,
            cancel_token=envelope.cancel_token,
            context={PARAMS: summary(envelope)},
        )
        agent = self._agent
        try:
            chosen = preferred(job_request(envelope), await agent.capabilities.ready())
            return await agent.start_direct(decoding.convert(chosen, JobRequest), sender)
        except InvalidInput as error:
            raise InvalidInput(
                [as_sent(field, envelope) for field in error.fields], error.remedy
            ) from error


def _earlier(agent: Agent, envelope: Envelope, sha256: str) -> Job | None:
    """Return the job that an envelope has started before; raises InvalidInput for another one."""
    for job in agent.jobs.all():
        sender = job.record.sender
        if sender.form != FORM or sender.reference != envelope.job_id:
            continue
        if sender.digest != sha256:
            message = "it belongs to another job, which differs from this one"
            raise InvalidInput(FieldError("jobId", message), "Send a new job under a new id.")
        return job
    return None


def _busy(agent: Agent, error: Busy) -> Response:
    running = agent.jobs.get(error.job_id or "")
    reference = None if running is None else running.record.sender.reference
    body = {"error": error.failure(), "job_id": error.job_id, "jobId": reference}
    return answer(body, 409)
