"""Older requests for jobs: flat bodies, one call that waits, a cancel by token."""

from typing import Any

import anyio
import msgspec
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace import structs
from benchrace.agent.agent import Agent
from benchrace.agent.jobs.job import Job
from benchrace.api import decoding
from benchrace.api.jobs import Accepted, JobRequest, JobSummary
from benchrace.compat.envelope.envelope import is_envelope
from benchrace.compat.envelope.routes import Envelopes
from benchrace.compat.preferred import DEFAULT_TEST, preferred
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.web import body
from benchrace.web.answer import answer

# What belongs to the request and not to the work; `stream` is how it always is.
_OWN = frozenset({"repeat", "warmup", "label", "backend", "sampling_s", "timeout_s", "callbacks"})
_IGNORED = frozenset({"test_type", "stream", "repeat_index"})


class CancelByToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token is the job's id, or the one that came with it."""

    token: str


class CancelAnswer(JobSummary, frozen=True, kw_only=True):
    status: str


class ComputeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    algorithm: str
    n: int
    threads_requested: int
    threads_used: int
    primes_found: int
    elapsed_ms: float
    primes_per_sec: float | None
    repeat_index: int


def install_jobs(app: Quart, agent: Agent) -> None:
    """Accept both forms at `POST /jobs`, and add the older routes."""
    envelopes = Envelopes(agent)

    @document_request(JobRequest)
    @document_response(Accepted, 202)
    async def start_job() -> Response:
        """Start a job on this machine alone; 409 while another one measures."""
        fields = await body.read(request, dict[str, Any])
        if is_envelope(fields):
            return await envelopes.start(fields)
        job = await start(agent, fields)
        return answer(Accepted(job_id=job.job_id), 202)

    app.view_functions["start_job"] = start_job

    @app.post("/jobs/cancel", endpoint="cancel_by_token")
    @document_request(CancelByToken)
    @document_response(CancelAnswer, 202)
    async def cancel_by_token() -> Response:
        """Cancel the running job whose token or ID this is; 404 where there is none."""
        cancel_request = await body.read(request, CancelByToken)
        job = await envelopes.running_with(cancel_request.token)
        if job is None:
            raise NotFound("no running job has this token", "GET /jobs lists the running jobs.")
        await job.cancel("cancelled by a user")
        summary = msgspec.structs.asdict(job.summary())
        return answer(CancelAnswer(**summary, status="cancelling"), 202)

    @app.post("/api/compute", endpoint="compute")
    @document_response(ComputeAnswer)
    async def compute() -> Response:
        """Run one count to its end, and return its result."""
        fields = await body.read(request, dict[str, Any])
        index = fields.get("repeat_index", 0)
        if not isinstance(index, int) or isinstance(index, bool):
            raise InvalidInput(FieldError("repeat_index", "expected a whole number"))
        job = await start(agent, {**fields, "test_type": "compute"})
        await _ended(agent, job)
        return answer(compute_answer(job, index))

    @app.post("/api/image/txt2img", endpoint="txt2img")
    @document_response(Accepted, 202)
    async def txt2img() -> Response:
        """Start an image job, and answer the job's id."""
        fields = await body.read(request, dict[str, Any])
        job = await start(agent, {**fields, "test_type": "txt2img"})
        return answer(Accepted(job_id=job.job_id), 202)


async def start(agent: Agent, fields: dict[str, Any]) -> Job:
    """Start a job from either form; bad fields are named as the request has them."""
    if "kind" in fields:
        return await agent.start_direct(decoding.convert(fields, JobRequest))
    try:
        chosen = preferred(native(fields), await agent.capabilities.ready())
        return await agent.start_direct(decoding.convert(chosen, JobRequest))
    except InvalidInput as error:
        raise InvalidInput([_as_given(field) for field in error.fields], error.remedy) from error


def native(fields: dict[str, Any]) -> dict[str, Any]:
    """Sort a flat body into the request's own fields and the work's parameters. Pure."""
    own = {key: value for key, value in fields.items() if key in _OWN and value is not None}
    params = {key: value for key, value in fields.items() if key not in _OWN | _IGNORED}
    kind = fields.get("test_type", DEFAULT_TEST)
    # An older client says null for what it leaves open.
    return {**own, "kind": kind, "params": {k: v for k, v in params.items() if v is not None}}


def compute_answer(job: Job, repeat_index: int) -> ComputeAnswer:
    """Return the answer of a finished count; raises what ended it otherwise."""
    summary = job.summary()
    metrics = summary.metrics
    if metrics is None:
        if summary.error is not None:
            error = summary.error
            raise BenchraceError(Category(error.category), error.message, error.remedy)
        raise BenchraceError(Category.CANCELLED, summary.reason or "the job was cancelled")
    return structs.convert(
        {"ok": True, "repeat_index": repeat_index, **metrics}, ComputeAnswer, strict=False
    )


async def _ended(agent: Agent, job: Job) -> None:
    try:
        await agent.jobs.ended(job)
    except anyio.get_cancelled_exc_class():
        # The client has disconnected: its answer would not be read.
        with anyio.CancelScope(shield=True):
            await job.cancel("the waiting client disconnected")
        raise


def _as_given(field: FieldError) -> FieldError:
    path = "test_type" if field.path == "kind" else field.path.removeprefix("params.")
    return FieldError(path, field.message)
