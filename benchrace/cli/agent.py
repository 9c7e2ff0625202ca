"""`benchrace agent`: serve this machine to a central."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import agent_link, options, serving
from benchrace.cli.agent_jobs import jobs
from benchrace.cli.service import Service, agent_service

if TYPE_CHECKING:
    from benchrace.agent.settings import AgentSettings

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Listen on this address [default: 127.0.0.1]."),
    click.option(
        "--port",
        type=options.PORT,
        metavar="N",
        help="Listen on this port [default: 9001]; 0: any free.",
    ),
    click.option("--central", metavar="URL", help="The central to dial [default: agent.yaml's]."),
    options.token("The agents' token of that central, best given as BENCHRACE_TOKEN."),
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
    """Start the agent apart from this terminal; exit 1 where central does not let it in."""
    if fg:
        ctx.invoke(agent, parent_fd=None, **chosen)
        return
    settings = _settings(**chosen)
    service = agent_service(settings.data, settings.machine_id)
    again = ["agent", *options.again(chosen)]
    ask = partial(_link, settings.token) if settings.central else None
    status = serving.started(service, again, as_json, chosen["token"], ask=ask)
    if agent_link.is_refused(status.info.get("central", "")):
        said = "it goes on running and asks again; `benchrace agent stop` ends it"
        click.echo(f"benchrace: central does not let this agent in: {said}", err=True)
        sys.exit(1)


@agent.command()
@click.option("--machine-id", metavar="ID", help="This machine's name in the fleet.")
@options.config_dir
def init(machine_id: str | None, config_dir: str | None) -> None:
    """Write a first agent.yaml, with every key explained; never over one that is there."""
    from benchrace.cli import agent_file
    from benchrace.cli.configured import agent_path

    path = agent_path(config_dir)
    agent_file.write(path, _settings(None, config_dir, machine_id=machine_id).machine_id)
    click.echo(f"wrote {path}; then: benchrace agent preflight")


@agent.command()
@_options
@options.as_json
def preflight(as_json: bool, **chosen: Any) -> None:
    """Say what would keep the agent from its work on this machine; exit 1 where something does."""
    from benchrace.cli import agent_preflight, checks

    checks.report(agent_preflight.checks(_settings(**chosen)), as_json)


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "AgentSettings":
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.configured import agent_file

    return settle(options.path(data_dir), agent_file(config_dir), Flags(**flags))


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return agent_service(settings.data, settings.machine_id)


def _link(token: str | None, url: str) -> dict[str, str]:
    return {"central": agent_link.settled(url, token)}


def _ask(data_dir: str | None, machine_id: str | None, url: str) -> dict[str, str]:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return {"central": agent_link.link_of(url, settings.token)}


serving.add_commands(agent, "agent", _find, _ask)
agent.add_command(jobs)
