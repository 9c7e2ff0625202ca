"""`benchrace central`: coordinate agents, keep runs, serve the page."""

from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options, serving
from benchrace.cli.service import Service, central_service

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings

_options = options.all_of(
    click.option("--host", metavar="ADDRESS", help="Listen on this address [127.0.0.1]."),
    click.option("--port", type=int, metavar="N", help="Listen on this port [8080]; 0: any free."),
    options.token,
    click.option("--insecure", is_flag=True, help="Let everybody in without a token."),
    options.data_dir,
    options.config_dir,
)


@click.group(invoke_without_command=True)
@_options
@options.parent_fd
@click.pass_context
def central(ctx: click.Context, /, parent_fd: int | None, **chosen: Any) -> None:
    """Coordinate agents and keep runs; without a command, in the foreground."""
    if ctx.invoked_subcommand is not None:
        return
    if parent_fd is not None:
        chosen["token"] = options.token_of_parent(parent_fd)
    settings = _settings(**chosen)

    async def work() -> None:
        from benchrace.central.server import serve
        from benchrace.compat.central import install

        await serve(settings, extend=install, ready=serving.said("central"))

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
    service = central_service(options.path(chosen["data_dir"]))
    serving.started(service, ["central", *options.again(chosen)], as_json)


def _settings(data_dir: str | None, config_dir: str | None, **flags: Any) -> "CentralSettings":
    from benchrace.central.settings import CentralSettings
    from benchrace.cli.configured import central_config

    config = central_config(config_dir)
    port = config.bind_port if flags["port"] is None else flags["port"]
    return CentralSettings(
        data=options.path(data_dir),
        host=flags["host"] or config.bind_host or "127.0.0.1",
        port=8080 if port is None else port,
        token=flags["token"],
        insecure=flags["insecure"],
        hosts=config.allowed_hosts,
    )


def _find(data_dir: str | None, machine_id: str | None) -> Service:
    return central_service(options.path(data_dir))


serving.add_commands(central, "central", _find)
