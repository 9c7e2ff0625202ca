"""`benchrace central`: coordinate agents, keep runs, serve the page."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options
from benchrace.cli.central.backup import backup, restore
from benchrace.cli.central.invite import invite
from benchrace.cli.central.token import token
from benchrace.cli.central.tokens import NewTokens, new_tokens
from benchrace.cli.service import commands
from benchrace.cli.service.install.commands import Component, add_service_group
from benchrace.cli.service.restart import Restart
from benchrace.cli.service.service import Service, central_service

if TYPE_CHECKING:
    from quart import Quart

    from benchrace.central.central import Central
    from benchrace.central.settings import CentralSettings
    from benchrace.tls.server import ServerTls
    from benchrace.web.auth.login_code import LoginCodes

# The file of the log, and its format.
LogOutput = tuple[str | None, str | None]

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Address to listen on [default: 127.0.0.1]."),
    click.option(
        "--port",
        type=options.PORT,
        metavar="N",
        help="Port to listen on; 0 picks a free one [default: 8080].",
    ),
    options.token("Agent token; prefer BENCHRACE_TOKEN [default: generated]."),
    click.option(
        "--require-token", is_flag=True, help="Require users to log in on a loopback address too."
    ),
    click.option(
        "--watch",
        type=click.Choice(["nobody", "token", "everybody"]),
        help="Who gets read-only access without the operator token [default: nobody].",
    ),
    click.option("--insecure", is_flag=True, help="Disable authentication."),
    options.server_tls,
    options.log_format,
    click.option(
        "--no-mdns", is_flag=True, help="Do not announce this central on the local network."
    ),
    options.data_dir,
    options.config_dir,
)


@click.group(invoke_without_command=True)
@_options
@options.parent_fd
@options.log_file
@click.pass_context
def central(
    ctx: click.Context, /, parent_fd: int | None, log_file: str | None, **chosen: Any
) -> None:
    """Coordinate agents and store runs; without a command, in the foreground.

    On a non-loopback address, users log in with the operator token. It is read from
    BENCHRACE_OPERATOR_TOKEN or central.yaml, or generated and shown once. With --watch token, the
    same holds for the watcher token (BENCHRACE_WATCH_TOKEN).
    """
    if ctx.invoked_subcommand is not None:
        return
    if parent_fd is not None:
        chosen["token"] = options.token_of_parent(parent_fd)
    settings = _settings(**chosen)
    output = (log_file, chosen["log_format"])
    if parent_fd is not None:
        _serve(_private(settings), commands.announce("central"), parent_fd, output)
        return
    from benchrace.cli.central.login_link import first_link
    from benchrace.web.auth.login_code import LoginCodes

    codes = LoginCodes()
    with new_tokens(settings) as tokens:

        def ready(url: str) -> None:
            commands.announce("central")(url)
            for line in (*tokens.lines(url), *first_link(settings, url, codes)):
                click.echo(line)

        _serve(settings, ready, None, output, codes)


def _private(settings: "CentralSettings") -> "CentralSettings":
    """Return the settings of a command's own central, which shares them with the usual one.

    It leaves the machines that are dialled to that one. Where TLS is configured, it is on loopback
    only: its clients are the command and a browser here, which may have no certificate to present.
    """
    import msgspec

    own = msgspec.structs.replace(settings, dials=False, temporary=True)
    return own if own.tls is None else msgspec.structs.replace(own, tls=None, host="127.0.0.1")


def _serve(
    settings: "CentralSettings",
    ready: Callable[[str], None],
    parent_fd: int | None,
    output: LogOutput,
    codes: "LoginCodes | None" = None,
) -> None:
    restart = Restart()

    def listening(url: str) -> None:
        restart.url = url
        ready(url)

    async def work() -> None:
        from benchrace.central.server import serve

        # A central that belongs to another command ends with it, and is not restarted.
        own = restart.request if parent_fd is None else None
        extend = partial(_add_older_routes, restart=own)
        await serve(settings, extend=extend, ready=listening, codes=codes)

    commands.serve(work, parent_fd, *output)
    restart.run(settings.token)


def _add_older_routes(app: "Quart", served: "Central", restart: Callable[[], None] | None) -> None:
    from benchrace.compat.central import install

    install(app, served, restart)


@central.command()
@_options
@click.option("--fg", is_flag=True, help="Stay in the foreground.")
@options.as_json
@click.pass_context
def start(ctx: click.Context, /, fg: bool, as_json: bool, **chosen: Any) -> None:
    """Start central in the background."""
    if fg:
        ctx.invoke(central, parent_fd=None, log_file=None, **chosen)
        return
    settings = _settings(**chosen)
    service = central_service(settings.data)
    with new_tokens(settings) as tokens:
        again = ["central", *options.to_arguments(chosen)]
        status = commands.start_service(
            service, again, as_json, settings.token, tokens.new, chosen=chosen
        )
        lines = tokens.lines(str(status.info["url"]))
    if as_json:
        return
    for line in (*lines, *(_login_link(settings.data) if settings.asks else ())):
        click.echo(line)


def _login_link(data: Path) -> tuple[str, ...]:
    """Return lines with a login link, or why there is none: central runs all the same."""
    from benchrace.cli.central.login_link import link_lines
    from benchrace.errors import BenchraceError

    try:
        return link_lines(data)
    except BenchraceError as error:
        return (f"no login link: {error.message}",)


@central.command("login-link")
@click.option("--watch", is_flag=True, help="Log in as a watcher (read-only).")
@options.data_dir
@options.as_json
def login_link(watch: bool, data_dir: str | None, as_json: bool) -> None:
    """Print a one-time login link, valid for ten minutes.

    Central must be running on this machine and data folder; no token is needed.
    """
    from benchrace.cli.central.login_link import make

    link = make(options.path(data_dir), watch=watch)
    if as_json:
        options.print_json(link)
    else:
        click.echo(link.url)


@central.command("find")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=3.0,
    show_default=True,
    metavar="S",
    help="Seconds to search.",
)
@options.as_json
def find_centrals(seconds: float, as_json: bool) -> None:
    """List centrals on the local network; exit 1 if none is found.

    A central announces itself where it listens beyond loopback and has the mdns extra.
    """
    import anyio

    from benchrace.cli.output.formatting import clean_line
    from benchrace.web.remote.nearby import Role, find

    centrals = anyio.run(find, Role.CENTRAL, seconds)
    if as_json:
        options.print_json({"centrals": centrals})
    for one in () if as_json else centrals:
        click.echo(clean_line(f"{one.url}  {one.name}  benchrace {one.version}"))
    if not centrals:
        click.echo("benchrace: no central was found on the local network", err=True)
        sys.exit(1)


def _settings(
    data_dir: str | None, config_dir: str | None, log_format: str | None = None, **flags: Any
) -> "CentralSettings":
    from benchrace.central.auth.first_tokens import SERVICE_KEY
    from benchrace.central.settings import ArtifactLimits, CentralSettings
    from benchrace.cli.service.settings import central_config
    from benchrace.config import paths
    from benchrace.config.central import Watching
    from benchrace.config.credentials import credential
    from benchrace.tls.server import server_tls

    config = central_config(config_dir)
    tls = server_tls(
        flags["tls_cert"] or config.tls_cert,
        flags["tls_key"] or config.tls_key,
        flags["tls_client_ca"] or config.tls_client_ca,
    )
    port = config.bind_port if flags["port"] is None else flags["port"]
    return CentralSettings(
        data=options.path(data_dir),
        host=flags["host"] or config.bind_host or "127.0.0.1",
        port=8080 if port is None else port,
        token=flags["token"],
        insecure=flags["insecure"],
        require_token=flags["require_token"] or config.require_token,
        operator_token=config.operator_token,
        watch=Watching(flags["watch"]) if flags["watch"] else config.watch,
        watch_token=config.watch_token,
        service_token=credential(SERVICE_KEY, os.environ.get(SERVICE_KEY)),
        hosts=tuple(dict.fromkeys((*config.allowed_hosts, *_certified(tls)))),
        tls=tls,
        config=paths.config_dir(config_dir),
        mdns=config.mdns and not flags["no_mdns"],
        artifacts=ArtifactLimits(
            file_bytes=config.artifact_mib << 20, run_bytes=config.artifacts_mib << 20
        ),
        retention=config.retention,
    )


def _certified(tls: "ServerTls | None") -> tuple[str, ...]:
    """Return the host names of central's certificate, which it answers to as well.

    Nobody else can have a browser believe that an address of theirs has such a name.
    """
    if tls is None:
        return ()
    from benchrace.config.hosts import problem
    from benchrace.tls.certificate import describe_file

    names = describe_file(tls.certificate).dns_names
    return tuple(name for name in names if name != "localhost" and problem(name) is None)


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    return central_service(options.path(data_dir))


def _settle(chosen: dict[str, Any]) -> tuple[Path, str | None]:
    return _settings(**chosen).data, None


def _tokens(chosen: dict[str, Any]) -> AbstractContextManager[NewTokens]:
    return new_tokens(_settings(**chosen))


commands.add_commands(central, "central", _find)
central.add_command(invite)
central.add_command(token)
central.add_command(backup)
central.add_command(restore)
add_service_group(
    central,
    _options,
    Component("central", _settle, lambda data, _: central_service(data), _tokens),
)
