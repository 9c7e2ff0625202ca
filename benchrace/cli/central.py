"""`benchrace central`: coordinate agents, keep runs, serve the page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options, serving
from benchrace.cli.service import Service, central_service
from benchrace.cli.token import shown_tokens

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings
    from benchrace.web.login_code import LoginCodes

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Listen on this address [default: 127.0.0.1]."),
    click.option(
        "--port",
        type=options.PORT,
        metavar="N",
        help="Listen on this port [default: 8080]; 0: any free.",
    ),
    options.token("The agents' token, best given as BENCHRACE_TOKEN; without one, one is made."),
    click.option(
        "--require-token", is_flag=True, help="Ask people for a token on a loopback address too."
    ),
    click.option(
        "--watch",
        type=click.Choice(["nobody", "token", "everybody"]),
        help="Who may watch, and change nothing, without the operator's token [default: nobody].",
    ),
    click.option("--insecure", is_flag=True, help="Let everybody in without a token."),
    options.data_dir,
    options.config_dir,
)


@click.group(invoke_without_command=True)
@_options
@options.parent_fd
@click.pass_context
def central(ctx: click.Context, /, parent_fd: int | None, **chosen: Any) -> None:
    """Coordinate agents and keep runs; without a command, in the foreground.

    On an address that others reach, people log in with the operator's token. It comes from
    BENCHRACE_OPERATOR_TOKEN or central.yaml, or is made and shown once; so is the watchers' token
    (BENCHRACE_WATCH_TOKEN) with --watch token.
    """
    if ctx.invoked_subcommand is not None:
        return
    if parent_fd is not None:
        chosen["token"] = options.token_of_parent(parent_fd)
    settings = _settings(**chosen)
    if parent_fd is not None:
        _serve(settings, serving.said("central"), parent_fd)
        return
    from benchrace.cli.login_link import first_link
    from benchrace.web.login_code import LoginCodes

    codes = LoginCodes()
    with shown_tokens(settings) as tokens:

        def ready(url: str) -> None:
            serving.said("central")(url)
            for line in (*tokens.lines(url), *first_link(settings, url, codes)):
                click.echo(line)

        _serve(settings, ready, None, codes)


def _serve(
    settings: "CentralSettings",
    ready: Callable[[str], None],
    parent_fd: int | None,
    codes: "LoginCodes | None" = None,
) -> None:
    async def work() -> None:
        from benchrace.central.server import serve
        from benchrace.compat.central import install

        await serve(settings, extend=install, ready=ready, codes=codes)

    serving.serve(work, parent_fd)


@central.command()
@_options
@click.option("--fg", is_flag=True, help="Stay in the foreground.")
@options.as_json
@click.pass_context
def start(ctx: click.Context, /, fg: bool, as_json: bool, **chosen: Any) -> None:
    """Start central apart from this terminal."""
    if fg:
        ctx.invoke(central, parent_fd=None, **chosen)
        return
    settings = _settings(**chosen)
    service = central_service(settings.data)
    with shown_tokens(settings) as tokens:
        again = ["central", *options.again(chosen)]
        status = serving.started(service, again, as_json, settings.token, tokens.made)
        lines = tokens.lines(str(status.info["url"]))
    if as_json:
        return
    from benchrace.cli.login_link import link_lines

    for line in (*lines, *(link_lines(settings.data) if settings.asks else ())):
        click.echo(line)


@central.command("login-link")
@click.option("--watch", is_flag=True, help="For who may only watch.")
@options.data_dir
@options.as_json
def login_link(watch: bool, data_dir: str | None, as_json: bool) -> None:
    """Make a link that logs one browser in, once, within ten minutes.

    Central of this data folder must run on this machine; no token is needed.
    """
    from benchrace.cli.login_link import make

    link = make(options.path(data_dir), watch=watch)
    if as_json:
        options.print_json(link)
    else:
        click.echo(link.url)


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "CentralSettings":
    from benchrace.central.settings import ArtifactLimits, CentralSettings
    from benchrace.cli.configured import central_config
    from benchrace.config import places
    from benchrace.config.central import Watching

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
        hosts=config.allowed_hosts,
        config=places.config_dir(config_dir),
        artifacts=ArtifactLimits(
            file_bytes=config.artifact_mib << 20, run_bytes=config.artifacts_mib << 20
        ),
    )


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    return central_service(options.path(data_dir))


serving.add_commands(central, "central", _find)
