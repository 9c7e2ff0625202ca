"""The agent's native HTTP routes; thin, each a question to `Agent`."""

import shutil
from typing import Any

import anyio
import msgspec
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace import __version__
from benchrace.agent import routes_operations
from benchrace.agent.agent import Agent
from benchrace.agent.answer import answer
from benchrace.agent.direct import JobRequest
from benchrace.agent.job import JobSummary
from benchrace.agent.log import JobLog, events_from
from benchrace.agent.metrics import exposition
from benchrace.agent.sampling import Sample
from benchrace.agent.slot import Busy
from benchrace.errors import FieldError, InvalidInput
from benchrace.link.capabilities import Capabilities
from benchrace.web import body, openapi, problem, sse
from benchrace.web.shutdown import Shutdown


class Health(msgspec.Struct, frozen=True, kw_only=True):
    ok: bool
    machine_id: str
    label: str
    busy: bool
    version: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    job_id: str


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a cancel; it may be left out."""

    reason: str = "cancelled by a person"


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    jobs: tuple[JobSummary, ...]


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    total_bytes: int
    free_bytes: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`running` is the job that measures; `central` the link's state in words."""

    name: str
    machine_id: str
    version: str
    running: JobSummary | None
    storage: Storage
    central: str


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of the work stream to give, from 0."""

    since: int = 0


class JobEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events as they stand in the journal."""

    events: tuple[dict[str, Any], ...]


class RuntimeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    machine_id: str
    samples: tuple[Sample, ...]


def create_app(agent: Agent, shutdown: Shutdown) -> Quart:
    """Make the application; compat replaces and adds routes by their endpoint's name."""
    app = Quart("benchrace.agent")
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    openapi.install(app, "benchrace agent")
    problem.install(app)
    app.register_error_handler(Busy, _busy)
    _machine_routes(app, agent)
    _figure_routes(app, agent)
    _job_routes(app, agent)
    _log_routes(app, agent, shutdown)
    routes_operations.install(app, agent)
    return app


def _machine_routes(app: Quart, agent: Agent) -> None:
    settings = agent.settings

    @app.get("/health", endpoint="health")
    @document_response(Health)
    async def health() -> Response:
        """Say that the agent lives, and whether it measures."""
        """Say that the agent serves, whatever runs, and whether a job measures."""
        busy = agent.slot.job_id is not None
        return answer(
            Health(
                ok=True,
                machine_id=settings.machine_id,
                label=settings.label,
                busy=busy,
                version=__version__,
            )
        )

    @app.get("/capabilities", endpoint="capabilities")
    @document_response(Capabilities)
    async def capabilities() -> Response:
        """Tell what this machine is and can do."""
        """Give hardware, environment, plugins, and backends with their models."""
        return answer(await agent.abilities.known())

    @app.get("/api/status", endpoint="status")
    @document_response(Status)
    async def status() -> Response:
        """Tell what runs, where data is kept, and how the link to central stands."""
        """Say what runs, how much room the data folder has, and how the link is."""
        usage = await anyio.to_thread.run_sync(shutil.disk_usage, settings.data)
        running = agent.jobs.running
        return answer(
            Status(
                name=settings.label,
                machine_id=settings.machine_id,
                version=__version__,
                running=None if running is None else running.summary(),
                storage=Storage(
                    path=str(settings.data), total_bytes=usage.total, free_bytes=usage.free
                ),
                central=agent.link_state,
            )
        )


def _figure_routes(app: Quart, agent: Agent) -> None:
    @app.get("/api/agent/runtime_metrics", endpoint="runtime_metrics")
    @document_response(RuntimeMetrics)
    async def runtime_metrics() -> Response:
        """Give the latest samples of the machine."""
        """Give the last runtime samples of this machine."""
        samples = await agent.sampling.window()
        machine_id = agent.settings.machine_id
        return answer(RuntimeMetrics(machine_id=machine_id, samples=samples))

    @app.get("/metrics", endpoint="metrics")
    async def metrics() -> Response:
        """Give the figures as Prometheus text."""
        """Give the agent's figures as Prometheus text."""
        await agent.sampling.window()
        text, content_type = exposition(agent)
        return Response(text, content_type=content_type)


def _job_routes(app: Quart, agent: Agent) -> None:
    @app.post("/jobs", endpoint="start_job")
    @document_request(JobRequest)
    @document_response(Accepted, 202)
    async def start_job() -> Response:
        """Start a job on this machine alone."""
        """Start a job on this machine alone; 409 while another one measures."""
        job = await agent.start_direct(await body.read(request, JobRequest))
        return answer(Accepted(job_id=job.job_id), 202)

    @app.get("/jobs", endpoint="list_jobs")
    @document_response(JobList)
    async def list_jobs() -> Response:
        """List the jobs that are kept, the oldest first."""
        """List the jobs that are kept."""
        return answer(JobList(jobs=tuple(job.summary() for job in agent.jobs.all())))

    @app.get("/jobs/<job_id>", endpoint="show_job")
    @document_response(JobSummary)
    async def show_job(job_id: str) -> Response:
        """Tell how a job stands."""
        """Give a job: its phase, and its metrics or what ended it."""
        return answer(agent.jobs.named(job_id).summary())

    @app.post("/jobs/<job_id>/cancel", endpoint="cancel_job")
    @document_request(CancelRequest)
    @document_response(JobSummary)
    async def cancel_job(job_id: str) -> Response:
        """Cancel a job, in whatever phase it is."""
        """Cancel a job in whatever phase it is; the real work stops."""
        asked = await body.read(request, CancelRequest)
        job = agent.jobs.named(job_id)
        await job.cancel(asked.reason[:500])
        return answer(job.summary(), 200 if job.phase.final else 202)


def _log_routes(app: Quart, agent: Agent, shutdown: Shutdown) -> None:
    viewers = sse.Viewers()

    @app.get("/jobs/<job_id>/events", endpoint="job_events")
    @document_querystring(Since)
    @document_response(JobEvents)
    async def job_events(job_id: str) -> Response:
        """Give a job's work stream from line `since` on, its last event last."""
        """Give the events of a job's work from number `since` on, its last event last."""
        job = agent.jobs.named(job_id)
        return Response(events_from(job, _since()), content_type="application/json")

    @app.get("/api/logs/<job_id>", endpoint="job_log")
    async def job_log(job_id: str) -> Response:
        """Follow a job's work stream as server-sent events, from its first line."""
        """Give a job's events live, with replay and an end event."""
        job = agent.jobs.named(job_id)
        place = request.headers.get("Last-Event-ID") or request.args.get("after")
        return sse.stream(
            JobLog(job, agent.jobs.changed),
            sse.position(place),
            shutdown=shutdown,
            viewers=viewers,
            snapshot_url=f"/jobs/{job_id}",
        )


def _since() -> int:
    text = request.args.get("since", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidInput(FieldError("since", "expected a whole number from 0"))
    return int(text)


def _busy(error: Busy) -> Response:
    return answer({"error": error.failure(), "job_id": error.job_id}, 409)
