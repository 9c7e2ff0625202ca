"""`benchrace doctor`: folders, hardware, plugins, and problems that prevent a race."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchrace import __version__
from benchrace.cli import options
from benchrace.cli.output.checks import Check, report
from benchrace.cli.service.service import central_service
from benchrace.formatting import file_size, memory_size
from benchrace.store.journal import is_held

_MIN_FREE_BYTES = 1 << 30


@click.command()
@click.argument("what", type=click.Choice(["timing"]), required=False)
@options.data_dir
@options.config_dir
@options.as_json
def doctor(what: str | None, data_dir: str | None, config_dir: str | None, as_json: bool) -> None:
    """Check this machine; exit 1 if anything would prevent a race.

    With `timing`, measure how accurately this machine timestamps streamed lines.
    """
    if what == "timing":
        _timing(options.path(data_dir), as_json)
        return
    report(_checks(data_dir, config_dir), as_json)


def _timing(data: Path, as_json: bool) -> None:
    from benchrace.cli.agent import timing

    record = timing.certify(data)
    if as_json:
        options.print_json(record)
    else:
        timing.show(record, data)


def _checks(data_dir: str | None, config_dir: str | None) -> Iterator[Check]:
    from benchrace.cli.service.settings import agent_path

    data, config = options.path(data_dir), agent_path(config_dir).parent
    yield Check(name="benchrace", value=f"{__version__} on Python {platform.python_version()}")
    yield data_folder(data)
    yield Check(name="configuration", value=str(config) + ("" if config.is_dir() else " (none)"))
    yield _agent_yaml(config_dir)
    yield from _other_files(config)
    yield from hardware()
    yield from plugins(data_dir, _tables(config_dir))
    yield from _certificates(config_dir)
    yield from _running(data)


def data_folder(data: Path) -> Check:
    """Check that runs and jobs can be stored there."""
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    if not os.access(place, os.W_OK):
        return Check(
            name="data",
            value=f"cannot write to {data}",
            remedy="Fix its permissions, or choose another with --data-dir or BENCHRACE_DATA_DIR.",
        )
    free = shutil.disk_usage(place).free
    remedy = None if free >= _MIN_FREE_BYTES else "Free disk space: a run needs room for its log."
    return Check(name="data", value=f"{data} ({file_size(free)} free)", remedy=remedy)


def _agent_yaml(config_dir: str | None) -> Check:
    from benchrace.cli.service.settings import agent_file, agent_path
    from benchrace.errors import BenchraceError

    try:
        file = agent_file(config_dir)
    except BenchraceError as error:
        return Check(name="agent.yaml", value=error.message, remedy=error.remedy)
    if file.document is None:
        return Check(name="agent.yaml", value="none (using defaults)")
    return Check(name="agent.yaml", value=f"{agent_path(config_dir)} is valid")


def _other_files(config: Path) -> Iterator[Check]:
    """Check the files that central reads, where they exist."""
    from benchrace.config.central import read_central
    from benchrace.config.model_policy import NAME, read_policy
    from benchrace.errors import BenchraceError

    for path, read in (
        (config / "central.yaml", lambda path: read_central(path, os.environ)),
        (config / NAME, read_policy),
    ):
        if not path.exists():
            continue
        try:
            read(path)
        except BenchraceError as error:
            yield Check(name=path.name, value=error.message, remedy=error.remedy)
        else:
            yield Check(name=path.name, value=f"{path} is valid")


def hardware() -> Iterator[Check]:
    """Report this machine's hardware and environment."""
    from benchrace.telemetry.detection import detect
    from benchrace.telemetry.identity import fingerprint
    from benchrace.telemetry.inspection import environment
    from benchrace.telemetry.machine_root import Root

    root = Root.live()
    machine = detect(root)
    cpu = machine.cpu
    cores = f"{cpu.physical_cores or '?'} cores, {cpu.usable_threads} usable threads"
    yield Check(name="processor", value=f"{cpu.model or 'unknown'}: {cores}")
    memory = machine.memory.total_bytes
    yield Check(name="memory", value="unknown" if memory is None else memory_size(memory))
    gpus = ", ".join(gpu.name or gpu.vendor for gpu in machine.gpus)
    yield Check(name="graphics", value=gpus or "none found")
    yield Check(name="fingerprint", value=fingerprint(machine))
    around = environment(root, machine)
    yield Check(name="environment", value=around.kind)
    for problem in around.problems:
        yield Check(name=problem.code, value=problem.message, remedy=problem.remedy, required=False)


def plugins(data_dir: str | None, tables: dict[str, dict[str, Any]]) -> Iterator[Check]:
    """Check which plugins work, and whether they accept their tables in agent.yaml."""
    from benchrace.cli.plugins import check, describe
    from benchrace.errors import BenchraceError

    try:
        described, problems = check(data_dir, tables)
    except BenchraceError as error:
        described, problems = describe(data_dir), {}
        yield Check(name="plugin tables", value=error.message, remedy=error.remedy)
    for plugin in described:
        name = f"plugin {plugin.name}"
        if plugin.ok:
            yield Check(name=name, value=plugin.version or "unknown version")
        else:
            first = (plugin.error or "").strip().splitlines()[0]
            source = plugin.distribution or plugin.module
            yield Check(name=name, value=first, remedy=f"Update or remove {source}.")
    for backend, problem in problems.items():
        yield Check(name=f"table {backend}", value=problem.message, remedy=problem.remedy)


def _tables(config_dir: str | None) -> dict[str, dict[str, Any]]:
    """Return the plugins' tables; none where agent.yaml is wrong, which has its own check."""
    from benchrace.cli.service.settings import agent_file
    from benchrace.errors import BenchraceError

    try:
        return agent_file(config_dir).config.tables
    except BenchraceError:
        return {}


def _certificates(config_dir: str | None) -> Iterator[Check]:
    from benchrace.cli.tls.expiry import expiry_checks

    yield from expiry_checks(config_dir)


def _running(data: Path) -> Iterator[Check]:
    central = central_service(data).status()
    where = central.info["url"] if central.running else "not running"
    yield Check(name="central", value=str(where))
    locks = sorted((data / "agents").glob("*.lock"))
    living = [lock.stem for lock in locks if is_held(lock)]
    yield Check(name="agents here", value=", ".join(living) or "none running")
