"""`benchrace agent callbacks`: how the callbacks of this machine's jobs stand."""

from typing import TYPE_CHECKING

import click

from benchrace.cli import options
from benchrace.cli.agent.jobs import running_agent, shared_options

if TYPE_CHECKING:
    from benchrace.api.jobs import CallbackStatus

_TITLES = ("id", "job", "event", "state", "attempts", "url", "why")


@click.group(short_help="List callbacks, or send failed ones again.")
def callbacks() -> None:
    """List the callbacks of this machine's jobs, or send failed ones again."""


@callbacks.command("list")
@click.option("--all", "everything", is_flag=True, help="Also list those that have been delivered.")
@shared_options
def list_callbacks(
    everything: bool,
    machine_id: str | None,
    as_json: bool,
    token: str | None,
    data_dir: str | None,
) -> None:
    """List the callbacks that have not been delivered, newest first."""
    from benchrace.api.jobs import CallbackList
    from benchrace.cli.output.screen import console
    from benchrace.cli.output.table import table

    with running_agent(machine_id, token, data_dir) as agent:
        listed = agent.convert(agent.get("/api/v1/callbacks"), CallbackList).callbacks
    shown = [entry for entry in listed if everything or entry.state != "delivered"]
    if as_json:
        options.print_json({"callbacks": shown})
        return
    if not shown:
        click.echo("No callbacks." if everything else "No undelivered callbacks.")
        return
    console().print(table(_TITLES, map(_cells, shown)))


def _cells(entry: "CallbackStatus") -> tuple[str, ...]:
    where = (entry.state, str(entry.attempts), entry.url, entry.reason or "")
    return (str(entry.id), entry.job_id, entry.event, *where)


@callbacks.command()
@click.argument("ids", type=int, nargs=-1, metavar="[ID]...")
@click.option("--job", "job_id", metavar="JOB_ID", help="Send those of this job.")
@shared_options
def retry(
    ids: tuple[int, ...],
    job_id: str | None,
    machine_id: str | None,
    as_json: bool,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Send the callbacks with these IDs again now; without IDs, all that are not delivered."""
    from benchrace.api.jobs import RetryAnswer, RetryRequest

    with running_agent(machine_id, token, data_dir) as agent:
        wanted = RetryRequest(ids=ids, job_id=job_id)
        answer = agent.convert(agent.post("/api/v1/callbacks/retry", wanted), RetryAnswer)
    if as_json:
        options.print_json(answer)
    elif answer.retried:
        click.echo(f"sending again: {answer.retried}")
    else:
        click.echo("Nothing to send again.")
