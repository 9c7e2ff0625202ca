"""The agent's native HTTP routes; thin, each a question to `Agent`."""

import shutil

import anyio
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace import __version__
from benchrace.agent.agent import Agent
from benchrace.agent.api import callbacks, loan, operations
from benchrace.agent.api.metrics import exposition
from benchrace.agent.jobs.job_log import JobLog, events_from
from benchrace.agent.jobs.slot import Busy
from benchrace.api.agents import AgentHealth, AgentStatus, RuntimeMetrics, Storage
from benchrace.api.jobs import (
    Accepted,
    EventsQuery,
    JobDocument,
    JobEvents,
    JobList,
    JobRequest,
    JobSummary,
)
from benchrace.api.runs import CancelRequest
from benchrace.errors import FieldError, InvalidInput
from benchrace.protocol.capabilities import Capabilities
from benchrace.web import body, error_handlers, openapi, sse
from benchrace.web.answer import answer
from benchrace.web.asgi.application import Application
from benchrace.web.shutdown import Shutdown


def create_app(agent: Agent, shutdown: Shutdown) -> Quart:
    """Create the application; compat replaces and adds routes by their endpoint's name."""
    app = Application("benchrace.agent")
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    openapi.install(app, "benchrace agent")
    error_handlers.install(app)
    app.register_error_handler(Busy, _busy)
    _machine_routes(app, agent)
    _figure_routes(app, agent)
    _job_routes(app, agent)
    _log_routes(app, agent, shutdown)
    loan.install(app, agent)
    operations.install(app, agent)
    callbacks.install(app, agent)
    return app


def _machine_routes(app: Quart, agent: Agent) -> None:
    settings = agent.settings

    @app.get("/health", endpoint="health")
    @document_response(AgentHealth)
    async def health() -> Response:
        """Return the agent's name and version, and whether a job is measuring."""
        busy = agent.slot.job_id is not None
        return answer(
            AgentHealth(
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
        """Return hardware, environment, plugins, and backends with their models."""
        return answer(await agent.capabilities.ready())

    @app.get("/api/status", endpoint="status")
    @document_response(AgentStatus)
    async def status() -> Response:
        """Return the running job, the data folder's free space, and the state of the link."""
        usage = await anyio.to_thread.run_sync(shutil.disk_usage, settings.data)
        running = agent.jobs.running
        return answer(
            AgentStatus(
                name=settings.label,
                machine_id=settings.machine_id,
                version=__version__,
                running=None if running is None else running.summary(),
                storage=Storage(
                    path=str(settings.data), total_bytes=usage.total, free_bytes=usage.free
                ),
                central=agent.link_state,
                central_url=settings.central,
            )
        )


def _figure_routes(app: Quart, agent: Agent) -> None:
    @app.get("/api/agent/runtime_metrics", endpoint="runtime_metrics")
    @document_response(RuntimeMetrics)
    async def runtime_metrics() -> Response:
        """Return the last runtime samples of this machine."""
        samples = await agent.sampling.window()
        machine_id = agent.settings.machine_id
        return answer(RuntimeMetrics(machine_id=machine_id, samples=samples))

    @app.get("/metrics", endpoint="metrics")
    async def metrics() -> Response:
        """Return the agent's metrics as Prometheus text."""
        await agent.sampling.window()
        text, content_type = await anyio.to_thread.run_sync(exposition, agent)
        return Response(text, content_type=content_type)


def _job_routes(app: Quart, agent: Agent) -> None:
    @app.post("/jobs", endpoint="start_job")
    @document_request(JobRequest)
    @document_response(Accepted, 202)
    async def start_job() -> Response:
        """Start a job on this machine alone; 409 while another one measures."""
        job = await agent.start_direct(await body.read(request, JobRequest))
        return answer(Accepted(job_id=job.job_id), 202)

    @app.get("/jobs", endpoint="list_jobs")
    @document_response(JobList)
    async def list_jobs() -> Response:
        """List the jobs that are kept."""
        return answer(JobList(jobs=tuple(job.summary() for job in agent.jobs.all())))

    @app.get("/jobs/<job_id>", endpoint="show_job")
    @document_response(JobDocument)
    async def show_job(job_id: str) -> Response:
        """Return a job: its phase, its metrics or what ended it, and how its callbacks stand."""
        return answer(await agent.reporter.document(agent.jobs.named(job_id)))

    @app.post("/jobs/<job_id>/cancel", endpoint="cancel_job")
    @document_request(CancelRequest)
    @document_response(JobSummary)
    async def cancel_job(job_id: str) -> Response:
        """Cancel a job in whatever phase it is; the work itself stops."""
        cancel_request = await body.read(request, CancelRequest)
        job = agent.jobs.named(job_id)
        await job.cancel(cancel_request.reason)
        return answer(job.summary(), 200 if job.phase.final else 202)


def _log_routes(app: Quart, agent: Agent, shutdown: Shutdown) -> None:
    viewers = sse.Viewers()

    @app.get("/jobs/<job_id>/events", endpoint="job_events")
    @document_querystring(EventsQuery)
    @document_response(JobEvents)
    async def job_events(job_id: str) -> Response:
        """Return a job's work events from number `since` on, its last event last."""
        job = agent.jobs.named(job_id)
        return Response(events_from(job, _since()), content_type="application/json")

    @app.get("/api/logs/<job_id>", endpoint="job_log")
    async def job_log(job_id: str) -> Response:
        """Stream a job's events live, with replay and an end event."""
        job = agent.jobs.named(job_id)
        place = request.headers.get("Last-Event-ID") or request.args.get("after")
        return sse.stream(
            JobLog(job, agent.jobs.written),
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
