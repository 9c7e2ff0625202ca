"""`benchrace plugins`: what is installed, told by a worker for each, so that none can hurt us."""

import sys

import anyio
import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.text import clean, clean_line
from benchrace.plugin.description import PluginDescription


@click.command()
@click.option("--traceback", is_flag=True, help="Show broken plugins' tracebacks too.")
@options.data_dir
@options.as_json
def plugins(traceback: bool, data_dir: str | None, as_json: bool) -> None:
    """List installed plugins; exit 1 where one is broken."""
    described = anyio.run(describe, data_dir)
    if as_json:
        options.print_json({"plugins": described})
    else:
        _print(described, traceback)
    if not all(each.ok for each in described):
        sys.exit(1)


async def describe(data_dir: str | None) -> tuple[PluginDescription, ...]:
    from benchrace.agent.plugins import Plugins
    from benchrace.agent.settings import WORKER
    from benchrace.agent.slot import Slot

    cache = options.path(data_dir) / "cache" / "describe"
    found = Plugins(cache, WORKER, Slot("this machine", None))
    await found.refresh()
    return found.described


def _print(described: tuple[PluginDescription, ...], traceback: bool) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("plugin", "from", "backends and their kinds"):
        table.add_column(title)
    for each in described:
        source = f"{each.distribution or each.module} {each.version or ''}".strip()
        offers = ", ".join(
            f"{backend.name} ({', '.join(one.kind for one in backend.workloads)})"
            for backend in each.backends
        )
        words = Text(clean_line(offers)) if each.ok else Text(_why(each), style="red")
        table.add_row(Text(clean_line(each.name)), Text(clean_line(source)), words)
    if described:
        console.print(table)
    else:
        console.print("no plugins are installed; `pip install benchrace-compute` is a first one")
    broken = [each for each in described if each.traceback]
    for each in broken if traceback else ():
        console.print(Text(f"\n{clean_line(each.name)}:\n{clean(each.traceback or '')}"))
    if broken and not traceback:
        console.print("`benchrace plugins --traceback` shows where they break")


def _why(plugin: PluginDescription) -> str:
    return "broken: " + clean_line((plugin.error or "").strip().splitlines()[0])
