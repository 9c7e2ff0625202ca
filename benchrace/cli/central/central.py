"""`benchrace central`: coordinate agents, keep runs, serve the page."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options
from benchrace.cli.central.tokens import new_tokens
from benchrace.cli.service import commands
from benchrace.cli.service.restart import Restart
from benchrace.cli.service.service import Service, central_service

if TYPE_CHECKING:
    from quart import Quart

    from benchrace.central.central import Central
    from benchrace.central.settings import CentralSettings
    from benchrace.web.auth.login_code import LoginCodes

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
    if parent_fd is not None:
        _serve(settings, commands.announce("central"), parent_fd, log_file)
        return
    from benchrace.cli.central.login_link import first_link
    from benchrace.web.auth.login_code import LoginCodes

    codes = LoginCodes()
    with new_tokens(settings) as tokens:

        def ready(url: str) -> None:
            commands.announce("central")(url)
            for line in (*tokens.lines(url), *first_link(settings, url, codes)):
                click.echo(line)

        _serve(settings, ready, None, log_file, codes)


def _serve(
    settings: "CentralSettings",
    ready: Callable[[str], None],
    parent_fd: int | None,
    log_file: str | None,
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

    commands.serve(work, parent_fd, log_file)
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
        status = commands.start_service(service, again, as_json, settings.token, tokens.new)
        lines = tokens.lines(str(status.info["url"]))
    if as_json:
        return
    from benchrace.cli.central.login_link import link_lines

    for line in (*lines, *(link_lines(settings.data) if settings.asks else ())):
        click.echo(line)


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


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "CentralSettings":
    from benchrace.central.auth.tokens import SERVICE_KEY
    from benchrace.central.settings import ArtifactLimits, CentralSettings
    from benchrace.cli.service.settings import central_config
    from benchrace.config import paths
    from benchrace.config.central import Watching
    from benchrace.config.credentials import credential

    config = central_config(config_dir)
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
        hosts=config.allowed_hosts,
        config=paths.config_dir(config_dir),
        artifacts=ArtifactLimits(
            file_bytes=config.artifact_mib << 20, run_bytes=config.artifacts_mib << 20
        ),
    )


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    return central_service(options.path(data_dir))


commands.add_commands(central, "central", _find)
