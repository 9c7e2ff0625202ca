"""`benchrace plugins`: installed plugins, each described by a worker of its own for isolation."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import click
from rich.table import Table
from rich.text import Text

from benchrace import __version__, structs
from benchrace.cli import options
from benchrace.cli.output.formatting import clean, clean_line
from benchrace.cli.output.screen import Phases, console, phases
from benchrace.config.plugin_sources import how_to_install
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.readiness import Problem

Described = tuple[PluginDescription, ...]
Tables = dict[str, dict[str, Any]]

# An agent waits longer: no user is waiting for it.
_LIMIT_S = 20.0


@click.command()
@click.option("--traceback", is_flag=True, help="Also show the tracebacks of broken plugins.")
@options.data_dir
@options.as_json
def plugins(traceback: bool, data_dir: str | None, as_json: bool) -> None:
    """List installed plugins; exit 1 if any is broken."""
    described = describe(data_dir)
    outdated = tuple(_outdated(options.path(data_dir)))
    if as_json:
        options.print_json({"plugins": described, "restart": outdated})
    else:
        _print(described, traceback)
        for line in outdated:
            click.echo(line, err=True)
    if not all(plugin.ok for plugin in described):
        sys.exit(1)


def describe(data_dir: str | None) -> tuple[PluginDescription, ...]:
    """Describe every installed plugin, side by side; standard error names those awaited."""
    return _ask(data_dir, None)[0]


def check(data_dir: str | None, tables: Tables) -> tuple[Described, dict[str, Problem]]:
    """Describe plugins, and return what is wrong with the backends' tables, by backend.

    `tables` are those of agent.yaml. Raises what the worker fails with.
    """
    return _ask(data_dir, tables)


def _ask(data_dir: str | None, tables: Tables | None) -> tuple[Described, dict[str, Problem]]:
    with phases(console(stderr=True)) as shown:
        return anyio.run(_questions, options.path(data_dir), tables, shown)


async def _questions(
    data: Path, tables: Tables | None, shown: Phases
) -> tuple[Described, dict[str, Problem]]:
    from benchrace.agent import settings
    from benchrace.agent.jobs.slot import Slot
    from benchrace.agent.one_shot import ask
    from benchrace.agent.plugins import Plugins
    from benchrace.protocol.agent_worker import ConfigureOrder, WorkerSetup

    def waiting(names: tuple[str, ...]) -> None:
        shown.say(f"waiting for plugins: {', '.join(names)}")

    cache = data / "cache" / "describe"
    installed = Plugins(cache, settings.WORKER, Slot("this machine", None), _LIMIT_S)
    await installed.once(waiting)
    if tables is None or not installed.refs:
        return installed.described, {}
    shown.say("checking the plugin tables in agent.yaml")
    order = ConfigureOrder(setup=WorkerSetup(plugins=installed.refs, config=tables))
    answer = await ask(settings.WORKER, order, _LIMIT_S)
    return installed.described, structs.convert(answer, dict[str, Problem])


def _outdated(data: Path) -> Iterator[str]:
    """Name the agents of the data folder that run another version than the one installed."""
    from benchrace.cli.service.service import agent_service

    for path in sorted((data / "agents").glob("*.lock")):
        record = agent_service(data, path.stem).running()
        if record is not None and record.version != __version__:
            yield (
                f"agent {path.stem} runs version {record.version} but {__version__} is "
                "installed: restart it (benchrace agent stop, then start)"
            )


def _print(described: tuple[PluginDescription, ...], traceback: bool) -> None:
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("plugin", "from", "backends and their kinds"):
        table.add_column(title)
    for plugin in described:
        source = f"{plugin.distribution or plugin.module} {plugin.version or ''}".strip()
        offers = ", ".join(
            f"{backend.name} ({', '.join(one.kind for one in backend.workloads)})"
            for backend in plugin.backends
        )
        words = Text(clean_line(offers)) if plugin.ok else Text(_why(plugin), style="red")
        table.add_row(Text(clean_line(plugin.name)), Text(clean_line(source)), words)
    if described:
        screen.print(table)
    else:
        advice = f"No plugins are installed. Start with compute: {how_to_install('compute')}"
        screen.print(Text(advice), soft_wrap=True)
    broken = [plugin for plugin in described if plugin.traceback]
    for plugin in broken if traceback else ():
        screen.print(Text(f"\n{clean_line(plugin.name)}:\n{clean(plugin.traceback or '')}"))
    if broken and not traceback:
        screen.print("run `benchrace plugins --traceback` for details")


def _why(plugin: PluginDescription) -> str:
    return "broken: " + clean_line((plugin.error or "").strip().splitlines()[0])
