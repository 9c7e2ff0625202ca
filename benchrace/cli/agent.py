"""`benchrace agent`: serve this machine to a central."""

from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options, serving
from benchrace.cli.service import Service, agent_service

if TYPE_CHECKING:
    from benchrace.agent.settings import AgentSettings

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Listen on this address [127.0.0.1]."),
    click.option("--port", type=int, metavar="N", help="Listen on this port [9001]; 0: any free."),
    options.central_url,
    options.token,
    click.option("--machine-id", metavar="ID", help="This machine's name in the fleet."),
    click.option("--label", metavar="TEXT", help="What people see of it."),
    click.option(
        "--share-host", is_flag=True, help="Measure beside other agents of this host (simulation)."
    ),
    click.option("--insecure", is_flag=True, help="Let everybody in without a token."),
    options.data_dir,
    options.config_dir,
)


@click.group(invoke_without_command=True)
@_options
@options.parent_fd
@click.pass_context
def agent(ctx: click.Context, /, parent_fd: int | None, **chosen: Any) -> None:
    """Serve this machine to a central; without a command, in the foreground."""
    if ctx.invoked_subcommand is not None:
        return
    if parent_fd is not None:
        chosen["token"] = options.token_of_parent(parent_fd)
    settings = _settings(**chosen)

    async def work() -> None:
        from benchrace.agent import serve
        from benchrace.compat.agent import install

        await serve(settings, extend=install, ready=serving.said("agent"))

    serving.serve(work, parent_fd)


@agent.command()
@_options
@click.option("--fg", is_flag=True, help="Stay in the foreground.")
@options.as_json
@click.pass_context
def start(ctx: click.Context, /, fg: bool, as_json: bool, **chosen: Any) -> None:
    """Start the agent apart from this terminal."""
    if fg:
        ctx.invoke(agent, parent_fd=None, **chosen)
        return
    settings = _settings(**chosen)
    service = agent_service(settings.data, settings.machine_id)
    serving.started(service, ["agent", *options.again(chosen)], as_json)


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "AgentSettings":
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.configured import agent_file

    return settle(options.path(data_dir), agent_file(config_dir), Flags(**flags))


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return agent_service(settings.data, settings.machine_id)


serving.add_commands(agent, "agent", _find)
