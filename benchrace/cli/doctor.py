"""`benchrace doctor`: where things are, what this machine is, and what stands in the way."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from benchrace import __version__
from benchrace.cli import options
from benchrace.cli.service import central_service
from benchrace.cli.text import clean_line
from benchrace.store.journal import is_held

_LEAST_FREE = 1 << 30


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; `remedy` is set where it is not as it should be."""

    name: str
    value: str
    remedy: str | None = None


@click.command()
@options.data_dir
@options.config_dir
@options.as_json
def doctor(data_dir: str | None, config_dir: str | None, as_json: bool) -> None:
    """Check this machine; exit 1 where something stands in the way of a race."""
    checks = tuple(_checks(data_dir, config_dir))
    if as_json:
        options.print_json({"checks": checks, "ok": not any(each.remedy for each in checks)})
    else:
        width = max(len(each.name) for each in checks)
        for each in checks:
            click.echo(f"{each.name:<{width}}  {clean_line(each.value)}")
            if each.remedy:
                click.echo(f"{'':<{width}}  -> {clean_line(each.remedy)}")
    if any(each.remedy for each in checks):
        sys.exit(1)


def _checks(data_dir: str | None, config_dir: str | None) -> Iterator[Check]:
    from benchrace.cli.configured import agent_path

    data, config = options.path(data_dir), agent_path(config_dir).parent
    yield Check(name="benchrace", value=f"{__version__} on Python {platform.python_version()}")
    yield _data(data)
    yield Check(name="configuration", value=str(config) + ("" if config.is_dir() else " (none)"))
    yield _agent_yaml(config_dir)
    yield from _machine()
    yield from _plugins(data_dir)
    yield from _running(data)


def _data(data: Path) -> Check:
    place = next(each for each in (data, *data.parents) if each.exists())
    if not os.access(place, os.W_OK):
        return Check(
            name="data",
            value=f"{data} cannot be written",
            remedy="Give another place with --data-dir or BENCHRACE_DATA_DIR, or mend its rights.",
        )
    free = shutil.disk_usage(place).free
    remedy = None if free >= _LEAST_FREE else "Free space there: a run needs room for its log."
    return Check(name="data", value=f"{data} ({free / (1 << 30):.1f} GiB free)", remedy=remedy)


def _agent_yaml(config_dir: str | None) -> Check:
    from benchrace.cli.configured import agent_file, agent_path
    from benchrace.errors import BenchraceError

    try:
        file = agent_file(config_dir)
    except BenchraceError as error:
        return Check(name="agent.yaml", value=error.message, remedy=error.remedy)
    if file.document is None:
        return Check(name="agent.yaml", value="none: defaults are used")
    return Check(name="agent.yaml", value=f"{agent_path(config_dir)} is good")


def _machine() -> Iterator[Check]:
    from benchrace.telemetry.detection import detect
    from benchrace.telemetry.environment import environment
    from benchrace.telemetry.identity import fingerprint
    from benchrace.telemetry.root import Root

    root = Root.live()
    hardware = detect(root)
    cpu = hardware.cpu
    cores = f"{cpu.physical_cores or '?'} cores, {cpu.usable_threads} usable threads"
    yield Check(name="processor", value=f"{cpu.model or 'unknown'}: {cores}")
    memory = hardware.memory.total_bytes
    yield Check(name="memory", value="unknown" if memory is None else f"{memory / 2**30:.1f} GiB")
    gpus = ", ".join(each.name or each.vendor for each in hardware.gpus)
    yield Check(name="graphics", value=gpus or "none found")
    yield Check(name="fingerprint", value=fingerprint(hardware))
    around = environment(root, hardware)
    yield Check(name="environment", value=around.kind)
    for problem in around.problems:
        yield Check(name=problem.code, value=problem.message, remedy=problem.remedy)


def _plugins(data_dir: str | None) -> Iterator[Check]:
    import anyio

    from benchrace.cli.plugins import describe

    for each in anyio.run(describe, data_dir):
        name = f"plugin {each.name}"
        if each.ok:
            yield Check(name=name, value=each.version or "no version")
        else:
            first = (each.error or "").strip().splitlines()[0]
            source = each.distribution or each.module
            yield Check(name=name, value=first, remedy=f"Update or remove {source}.")


def _running(data: Path) -> Iterator[Check]:
    central = central_service(data).status()
    where = central.info["url"] if central.running else "not running"
    yield Check(name="central", value=str(where))
    locks = sorted((data / "agents").glob("*.lock"))
    living = [each.stem for each in locks if is_held(each)]
    yield Check(name="agents here", value=", ".join(living) or "none running")
