"""`benchrace agent jobs`: what this machine's agent has measured, and stopping what it measures."""

from typing import TYPE_CHECKING

import click

from benchrace.cli import options
from benchrace.cli.service import agent_service
from benchrace.errors import BenchraceError, Category

if TYPE_CHECKING:
    from benchrace.agent.job import JobSummary
    from benchrace.cli.client import Client

_shared = options.all_of(
    click.option("--machine-id", metavar="ID", help="This machine's name in the fleet."),
    options.as_json,
    options.people_token,
    options.data_dir,
)


@click.group()
def jobs() -> None:
    """List the jobs of this machine's agent, and stop the one that runs."""


@jobs.command("list")
@_shared
def list_jobs(
    machine_id: str | None, as_json: bool, token: str | None, data_dir: str | None
) -> None:
    """List the jobs that the agent keeps, the newest first."""
    from rich.table import Table
    from rich.text import Text

    from benchrace.cli.screen import console
    from benchrace.cli.text import clean_line

    with _agent(machine_id, token, data_dir) as agent:
        found = _jobs(agent)[::-1]
    if as_json:
        options.print_json({"jobs": found})
        return
    if not found:
        click.echo("This agent keeps no job.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("job", "kind", "state", "run", "why"):
        table.add_column(title)
    for each in found:
        why = each.error.message if each.error is not None else each.reason or ""
        cells = (each.job_id, each.kind, each.state.value, each.run_id or "-", why)
        table.add_row(*(Text(clean_line(cell)) for cell in cells))
    console().print(table)


@jobs.command()
@click.argument("job_id", required=False)
@_shared
def stop(
    job_id: str | None,
    machine_id: str | None,
    as_json: bool,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Stop JOB_ID, or whatever runs; exit 1 where nothing does."""
    import msgspec

    from benchrace.agent.job import JobSummary

    with _agent(machine_id, token, data_dir) as agent:
        running = [each.job_id for each in _jobs(agent) if not each.state.final]
        if job_id is None and not running:
            raise BenchraceError(Category.SYSTEM, "no job runs on this machine", "")
        asked = {"reason": "stopped by a person"}
        answer = agent.post(f"/jobs/{job_id or running[0]}/cancel", asked)
    told = msgspec.convert(answer, JobSummary)
    if as_json:
        options.print_json(told)
    else:
        click.echo(f"{told.job_id} {told.state.value}")


def _jobs(agent: "Client") -> "tuple[JobSummary, ...]":
    import msgspec

    from benchrace.agent.routes import JobList

    return msgspec.convert(agent.get("/jobs"), JobList).jobs


def _agent(machine_id: str | None, token: str | None, data_dir: str | None) -> "Client":
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.client import Client
    from benchrace.cli.configured import agent_file

    settings = settle(options.path(data_dir), agent_file(None), Flags(machine_id=machine_id))
    record = agent_service(settings.data, settings.machine_id).living()
    if record is None:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no agent of the machine {settings.machine_id} runs on {settings.data}",
            "Start it with `benchrace agent start`, or give its --machine-id and --data-dir.",
        )
    return Client(record.url, token or settings.token)
