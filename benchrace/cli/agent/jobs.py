"""`benchrace agent jobs`: list the jobs of this machine's agent, and stop one."""

from typing import TYPE_CHECKING

import click

from benchrace.cli import options
from benchrace.cli.service.service import agent_service
from benchrace.errors import BenchraceError, Category

if TYPE_CHECKING:
    from benchrace.api.jobs import JobSummary
    from benchrace.cli.connect.client import Client

shared_options = options.all_of(
    click.option("--machine-id", metavar="ID", help="This machine's name in the fleet."),
    options.as_json,
    options.token("Agent token; prefer BENCHRACE_TOKEN [default: from agent.yaml]."),
    options.data_dir,
)


@click.group()
def jobs() -> None:
    """List the jobs of this machine's agent, or stop the running one."""


@jobs.command("list")
@shared_options
def list_jobs(
    machine_id: str | None, as_json: bool, token: str | None, data_dir: str | None
) -> None:
    """List the agent's jobs, newest first."""
    from benchrace.cli.output.screen import console
    from benchrace.cli.output.table import table

    with running_agent(machine_id, token, data_dir) as agent:
        listed = _jobs(agent)[::-1]
    if as_json:
        options.print_json({"jobs": listed})
        return
    if not listed:
        click.echo("No jobs.")
        return
    console().print(table(("job", "kind", "state", "run", "why"), map(_cells, listed)))


@jobs.command()
@click.argument("job_id", required=False)
@shared_options
def stop(
    job_id: str | None,
    machine_id: str | None,
    as_json: bool,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Stop JOB_ID or the running job; exit 1 if none is running."""
    from benchrace.api.jobs import JobSummary

    with running_agent(machine_id, token, data_dir) as agent:
        running = [job.job_id for job in _jobs(agent) if not job.state.final]
        if job_id is None and not running:
            raise BenchraceError(Category.SYSTEM, "no job is running on this machine", "")
        body = {"reason": "stopped by the user"}
        answer = agent.post(f"/jobs/{job_id or running[0]}/cancel", body)
        stopped = agent.convert(answer, JobSummary)
    if as_json:
        options.print_json(stopped)
    else:
        click.echo(f"{stopped.job_id} {stopped.state.value}")


def _cells(job: "JobSummary") -> tuple[str, ...]:
    why = job.error.message if job.error is not None else job.reason or ""
    return job.job_id, job.kind, job.state.value, job.run_id or "-", why


def _jobs(agent: "Client") -> "tuple[JobSummary, ...]":
    from benchrace.api.jobs import JobList

    return agent.convert(agent.get("/jobs"), JobList).jobs


def running_agent(machine_id: str | None, token: str | None, data_dir: str | None) -> "Client":
    """Return a client of this machine's agent; raises where none runs."""
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.connect.client import Client
    from benchrace.cli.service.settings import agent_file

    settings = settle(options.path(data_dir), agent_file(None), Flags(machine_id=machine_id))
    record = agent_service(settings.data, settings.machine_id).running()
    if record is None:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no agent for machine {settings.machine_id} is running on {settings.data}",
            "Start it with `benchrace agent start`, or correct --machine-id and --data-dir.",
        )
    return Client(record.url, token or settings.token, record.certificate)
