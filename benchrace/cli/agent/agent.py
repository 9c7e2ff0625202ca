"""`benchrace agent`: serve this machine to a central."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.agent import link
from benchrace.cli.agent.assets import assets
from benchrace.cli.agent.callbacks import callbacks
from benchrace.cli.agent.jobs import jobs
from benchrace.cli.agent.update.command import update
from benchrace.cli.service import commands
from benchrace.cli.service.install.commands import Component, add_service_group
from benchrace.cli.service.service import Record, Service, agent_service

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
    options.client_tls,
    options.server_tls,
    click.option(
        "--share-host",
        is_flag=True,
        help="Measure alongside other agents on this host (simulation).",
    ),
    click.option("--insecure", is_flag=True, help="Disable authentication."),
    options.log_format,
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
        from benchrace.compat.envelope.callbacks import FORMS

        await serve(
            settings,
            extend=_add_older_routes,
            forms=FORMS,
            ready=commands.announce("agent"),
            preload=parent_fd is None,
        )

    commands.serve(work, parent_fd, log_file, chosen["log_format"])


def _add_older_routes(app: "Quart", served: "Agent") -> None:
    from benchrace.compat.agent import install

    install(app, served)


@agent.command(short_help="Start the agent in the background.")
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
    if chosen["machine_id"] is None:
        service = commands.installed_one(service)
    again = ["agent", *options.to_arguments(chosen)]
    ask = partial(_link, settings.token) if settings.central else None
    status = commands.start_service(
        service, again, as_json, chosen["token"], ask=ask, chosen=chosen
    )
    if link.is_refused(status.info.get("central", "")):
        which = options.to_arguments({name: chosen[name] for name in ("data_dir", "machine_id")})
        stop = shlex.join(("benchrace", "agent", "stop", *which))
        hint = f"it keeps running and retries; stop it with `{stop}`"
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


@agent.command(short_help="Join a central with an invitation.")
@click.argument("invitation", nargs=-1, metavar="[URL] CODE")
@click.option("--machine-id", metavar="ID", help="This machine's name in the fleet.")
@click.option("--label", metavar="TEXT", help="Display name of this machine.")
@click.option("--host", metavar="ADDRESS", help="Address to listen on [default: 127.0.0.1].")
@click.option(
    "--port",
    type=options.PORT,
    metavar="N",
    help="Port to listen on; 0 picks a free one [default: 9001].",
)
@click.option(
    "--share-host", is_flag=True, help="Measure alongside other agents on this host (simulation)."
)
@options.client_tls
@click.option(
    "--service", is_flag=True, help="Install the agent as a service, which starts it from now on."
)
@click.option(
    "--system", is_flag=True, help="Install it as a system service, which starts at boot (as root)."
)
@click.option("--user", metavar="NAME", help="User of a system service [default: benchrace].")
@click.option("--yes", "-y", is_flag=True, help="Replace a central that was joined before.")
@options.data_dir
@options.config_dir
@options.as_json
def join(
    invitation: tuple[str, ...],
    service: bool,
    system: bool,
    user: str | None,
    yes: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Join the central at URL with the CODE of an invitation, and start the agent.

    `benchrace central invite` prints the whole command. Without URL, the centrals on the local
    network are listed to choose from. The address, a token of this machine's own and the
    certificates to use are stored in a private file beside agent.yaml.
    """
    from benchrace.cli.agent import nearby
    from benchrace.cli.agent.join import Joining
    from benchrace.cli.agent.starting import AsService, InBackground, Start
    from benchrace.cli.output.formatting import clean_line
    from benchrace.cli.service.install import plan
    from benchrace.cli.service.settings import agent_path

    if user is not None and not system:
        raise click.UsageError("--user is for a system service: add --system")
    if not 1 <= len(invitation) <= 2:
        raise click.UsageError("expected [URL] CODE, as `benchrace central invite` prints them")
    if "://" in invitation[-1]:
        raise click.UsageError(
            f"the code of an invitation is missing after {clean_line(invitation[-1])}; "
            "`benchrace central invite` prints the whole command"
        )
    folders = {name: chosen[name] for name in ("data_dir", "config_dir")}
    if service or system:
        chosen = plan.with_folders(chosen, system=system)
        folders = {name: chosen[name] for name in folders} if system else folders
    config_dir, data_dir = chosen["config_dir"], chosen["data_dir"]

    stored = ("machine_id", "label", "ca", "client_cert", "client_key")
    flags = {name: chosen.pop(name) for name in stored}

    def settings(central: str) -> "AgentSettings":
        return _settings(data_dir, config_dir, central=central, **flags)

    start: Start = InBackground(chosen)
    if service or system:
        start = AsService(chosen, system=system, user=user)
    joining = Joining(settings, agent_path(config_dir).parent, start, folders, quiet=as_json)
    url = invitation[0] if len(invitation) == 2 else nearby.choose()
    result = joining.run(url, invitation[-1], yes=yes)
    if as_json:
        options.print_json(result)


@agent.command(short_help="Leave the joined central.")
@options.data_dir
@options.config_dir
@options.as_json
def leave(data_dir: str | None, config_dir: str | None, as_json: bool) -> None:
    """Leave the joined central: stop the agent, revoke its token, and delete joined.json."""
    from benchrace.cli.agent import leave as leaving
    from benchrace.cli.service.install import background
    from benchrace.cli.service.settings import agent_path
    from benchrace.config.joined import joined_path, read_joined

    path = joined_path(agent_path(config_dir).parent)
    joined = read_joined(path)
    if joined is None:
        raise leaving.nothing_joined(path)
    stopped = background.stop_running(agent_service(options.path(data_dir), joined.machine_id))
    why_not = leaving.revoke(joined)
    leaving.forget(path)
    if as_json:
        left = {"central": joined.central, "revoked": why_not is None, "why_not": why_not}
        options.print_json({**left, "agent_stopped": stopped})
        return
    click.echo(f"left {joined.central}" + ("; its agent is stopped" if stopped else ""))
    if why_not is not None:
        click.echo(
            f"benchrace: the token was not revoked: {why_not}. Have an operator revoke it: "
            "`benchrace central token list`",
            err=True,
        )


@agent.command(short_help="Check that the agent can work here.")
@_options
@options.as_json
def preflight(as_json: bool, **chosen: Any) -> None:
    """Check that the agent can work on this machine; exit 1 if something required is missing."""
    from benchrace.cli.agent import preflight as agent_preflight
    from benchrace.cli.output import checks

    checks.report(agent_preflight.checks(_settings(**chosen)), as_json)


def _settings(
    data_dir: str | None, config_dir: str | None, log_format: str | None = None, **flags: Any
) -> "AgentSettings":
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.service.settings import agent_file

    return settle(options.path(data_dir), agent_file(config_dir), Flags(**flags))


def _settle(chosen: dict[str, Any]) -> tuple[Path, str | None]:
    settings = _settings(**chosen)
    return settings.data, settings.machine_id


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return agent_service(settings.data, settings.machine_id)


def _link(token: str | None, record: Record) -> dict[str, str]:
    return {"central": link.wait_for_link(record, token)}


def _ask(data_dir: str | None, machine_id: str | None, record: Record) -> dict[str, str]:
    settings = _settings(data_dir, None, machine_id=machine_id)
    return {"central": link.link_state(record, settings.token)}


commands.add_commands(agent, "agent", _find, _ask)
add_service_group(agent, _options, Component("agent", _settle, agent_service))
agent.add_command(callbacks)
agent.add_command(jobs)
agent.add_command(assets)
agent.add_command(update)
