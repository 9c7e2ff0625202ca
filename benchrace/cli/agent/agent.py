"""`benchrace agent`: serve this machine to a central."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.agent import link
from benchrace.cli.agent.jobs import jobs
from benchrace.cli.service import commands
from benchrace.cli.service.service import Service, agent_service

if TYPE_CHECKING:
    from quart import Quart

    from benchrace.agent.agent import Agent
    from benchrace.agent.settings import AgentSettings

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Address to listen on [default: 127.0.0.1]."),
    click.option(
        "--port",
        type=options.PORT,
        metavar="N",
        help="Port to listen on; 0 picks a free one [default: 9001].",
    ),
    click.option("--central", metavar="URL", help="Central to join [default: from agent.yaml]."),
    options.token("Agent token of that central; prefer BENCHRACE_TOKEN."),
    click.option("--machine-id", metavar="ID", help="This machine's name in the fleet."),
    click.option("--label", metavar="TEXT", help="Display name of this machine."),
    click.option(
        "--share-host",
        is_flag=True,
        help="Measure alongside other agents on this host (simulation).",
    ),
    click.option("--insecure", is_flag=True, help="Disable authentication."),
    options.data_dir,
    options.config_dir,
)


@click.group(invoke_without_command=True)
@_options
@options.parent_fd
@options.log_file
@click.option("--probe-on-request", is_flag=True, hidden=True)
@click.pass_context
def agent(
    ctx: click.Context,
    /,
    parent_fd: int | None,
    log_file: str | None,
    probe_on_request: bool,
    **chosen: Any,
) -> None:
    """Run this machine's agent; without a command, in the foreground."""
    if ctx.invoked_subcommand is not None:
        return
    if parent_fd is not None:
        chosen["token"] = options.token_of_parent(parent_fd)
    settings = msgspec.structs.replace(_settings(**chosen), probe_at_start=not probe_on_request)

    async def work() -> None:
        from benchrace.agent.server import serve

        ready = commands.announce("agent")
        await serve(settings, extend=_add_older_routes, ready=ready, preload=parent_fd is None)

    commands.serve(work, parent_fd, log_file)


def _add_older_routes(app: "Quart", served: "Agent") -> None:
    from benchrace.compat.agent import install

    install(app, served)


@agent.command()
@_options
@click.option("--fg", is_flag=True, help="Stay in the foreground.")
@options.as_json
@click.pass_context
def start(ctx: click.Context, /, fg: bool, as_json: bool, **chosen: Any) -> None:
    """Start the agent in the background; exit 1 if central rejects it."""
    if fg:
        ctx.invoke(agent, parent_fd=None, log_file=None, probe_on_request=False, **chosen)
        return
    settings = _settings(**chosen)
    service = agent_service(settings.data, settings.machine_id)
    again = ["agent", *options.to_arguments(chosen)]
    ask = partial(_link, settings.token) if settings.central else None
    status = commands.start_service(service, again, as_json, chosen["token"], ask=ask)
    if link.is_refused(status.info.get("central", "")):
        hint = "it keeps running and retries; stop it with `benchrace agent stop`"
        click.echo(f"benchrace: central rejected this agent: {hint}", err=True)
        sys.exit(1)


@agent.command()
@click.option("--machine-id", metavar="ID", help="This machine's name in the fleet.")
@options.config_dir
def init(machine_id: str | None, config_dir: str | None) -> None:
    """Write a commented agent.yaml; never overwrite an existing one."""
    from benchrace.cli.agent import config_file
    from benchrace.cli.service.settings import agent_path

    path = agent_path(config_dir)
    config_file.write(path, _settings(None, config_dir, machine_id=machine_id).machine_id)
    click.echo(f"wrote {path}; next: benchrace agent preflight")


@agent.command()
@_options
@options.as_json
def preflight(as_json: bool, **chosen: Any) -> None:
    """Check that the agent can work on this machine; exit 1 if not."""
    from benchrace.cli.agent import preflight as agent_preflight
    from benchrace.cli.output import checks

    checks.report(agent_preflight.checks(_settings(**chosen)), as_json)


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "AgentSettings":
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.service.settings import agent_file

    return settle(options.path(data_dir), agent_file(config_dir), Flags(**flags))


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return agent_service(settings.data, settings.machine_id)


def _link(token: str | None, url: str) -> dict[str, str]:
    return {"central": link.wait_for_link(url, token)}


def _ask(data_dir: str | None, machine_id: str | None, url: str) -> dict[str, str]:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return {"central": link.link_state(url, settings.token)}


commands.add_commands(agent, "agent", _find, _ask)
agent.add_command(jobs)
