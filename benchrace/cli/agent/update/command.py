"""`benchrace agent update`."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options

if TYPE_CHECKING:
    from benchrace.agent.settings import AgentSettings
    from benchrace.cli.agent.update.updating import Source


@click.command(short_help="Install another version of benchrace.")
@click.argument("wheels", nargs=-1, metavar="[WHEEL]...", type=click.Path(path_type=Path))
@click.option("--from-central", is_flag=True, help="Use the wheels that central keeps.")
@click.option("--from-index", is_flag=True, help="Use the package index of pip's configuration.")
@click.option(
    "--version", metavar="V", help="Version of benchrace from an index [default: newest]."
)
@click.option("--index-url", metavar="URL", help="Use this package index.")
@click.option(
    "--also", metavar="NAME", multiple=True, help="Update this plugin from the index, too."
)
@click.option(
    "--sha256",
    metavar="HEX",
    multiple=True,
    help="Refuse wheel files whose SHA-256 is not among those given.",
)
@click.option("--machine-id", metavar="ID", help="This machine's name in the fleet.")
@options.token("Agent token, where the agent was started with one; prefer BENCHRACE_TOKEN.")
@options.data_dir
@options.config_dir
@options.as_json
def update(as_json: bool, **chosen: Any) -> None:
    """Install another version of benchrace, and restart the agent.

    Give wheel files, --from-central or --from-index. Files and central's wheels are installed
    without any network. An index is asked for benchrace's own distributions only; name other
    plugins with --also. The earlier version is kept as wheels, and is installed and started again
    if the new one does not answer. Refused while a job, or another service of the data folder,
    runs.
    """
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.agent.update import environment
    from benchrace.cli.agent.update.installer import this_environment
    from benchrace.cli.agent.update.process import find_process
    from benchrace.cli.agent.update.updating import Update
    from benchrace.cli.output.formatting import clean_line
    from benchrace.cli.service.service import agent_service
    from benchrace.cli.service.settings import agent_file

    flags = Flags(machine_id=chosen["machine_id"], token=chosen["token"])
    file = agent_file(chosen["config_dir"])
    settings = settle(options.path(chosen["data_dir"]), file, flags)
    source = _source(settings, chosen)

    def say(step: str, words: str) -> None:
        if not as_json:
            click.echo(f"{step:<11}  {clean_line(words)}")

    service = agent_service(settings.data, settings.machine_id)
    result = Update(
        service=service,
        process=find_process(service, chosen["token"]),
        installer=this_environment(),
        store=environment.store(),
        say=say,
    ).run(source)
    if as_json:
        options.print_json(result)


def _source(settings: "AgentSettings", chosen: dict[str, Any]) -> "Source":
    """Return what prepares the new version; raises UsageError unless exactly one is chosen."""
    from benchrace.cli.agent.update.sources import from_files, from_index

    wheels, version, index_url = chosen["wheels"], chosen["version"], chosen["index_url"]
    by_index = chosen["from_index"] or bool(version or index_url)
    if [bool(wheels), chosen["from_central"], by_index].count(True) != 1:
        raise click.UsageError("give wheel files, or --from-central, or --from-index")
    if chosen["sha256"] and not wheels:
        raise click.UsageError("--sha256 is for wheel files")
    if chosen["also"] and not by_index:
        raise click.UsageError("--also is for --from-index")
    if wheels:
        return lambda folder, _names: from_files(wheels, chosen["sha256"], folder)
    if by_index:
        return lambda _folder, names: from_index(names, chosen["also"], version, index_url)
    return partial(_from_central, settings)


def _from_central(settings: "AgentSettings", folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    from benchrace.cli.agent.update.sources import from_central
    from benchrace.cli.connect.client import Client
    from benchrace.errors import BenchraceError, Category

    if settings.central is None:
        raise BenchraceError(
            Category.VALIDATION,
            "this agent has no central",
            "Join one with `benchrace agent join`, or give wheel files.",
        )
    with Client(settings.central, settings.token, trust=settings.trust) as client:
        return from_central(client, names, folder)
