"""`benchrace doctor`: where things are, what this machine is, and what stands in the way."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from benchrace import __version__
from benchrace.cli import options
from benchrace.cli.checks import Check, report
from benchrace.cli.service import central_service
from benchrace.store.journal import is_held

_LEAST_FREE = 1 << 30


@click.command()
@click.argument("what", type=click.Choice(["timing"]), required=False)
@options.data_dir
@options.config_dir
@options.as_json
def doctor(what: str | None, data_dir: str | None, config_dir: str | None, as_json: bool) -> None:
    """Check this machine; exit 1 where something stands in the way of a race.

    With `timing`, measure instead how exactly this machine stamps the lines of a stream.
    """
    if what == "timing":
        _timing(options.path(data_dir), as_json)
        return
    report(_checks(data_dir, config_dir), as_json)


def _timing(data: Path, as_json: bool) -> None:
    from benchrace.cli import timing

    kept = timing.certify(data)
    if as_json:
        options.print_json(kept)
    else:
        timing.show(kept, data)


def _checks(data_dir: str | None, config_dir: str | None) -> Iterator[Check]:
    from benchrace.cli.configured import agent_path

    data, config = options.path(data_dir), agent_path(config_dir).parent
    yield Check(name="benchrace", value=f"{__version__} on Python {platform.python_version()}")
    yield data_folder(data)
    yield Check(name="configuration", value=str(config) + ("" if config.is_dir() else " (none)"))
    yield _agent_yaml(config_dir)
    yield from _other_files(config)
    yield from hardware()
    yield from plugins(data_dir)
    yield from _running(data)


def data_folder(data: Path) -> Check:
    """Tell whether runs and jobs can be kept there."""
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
            yield Check(name=path.name, value=f"{path} is good")


def hardware() -> Iterator[Check]:
    """Say what this machine is."""
    from benchrace.telemetry.detection import detect
    from benchrace.telemetry.environment import environment
    from benchrace.telemetry.identity import fingerprint
    from benchrace.telemetry.root import Root

    root = Root.live()
    found = detect(root)
    cpu = found.cpu
    cores = f"{cpu.physical_cores or '?'} cores, {cpu.usable_threads} usable threads"
    yield Check(name="processor", value=f"{cpu.model or 'unknown'}: {cores}")
    memory = found.memory.total_bytes
    yield Check(name="memory", value="unknown" if memory is None else f"{memory / 2**30:.1f} GiB")
    gpus = ", ".join(each.name or each.vendor for each in found.gpus)
    yield Check(name="graphics", value=gpus or "none found")
    yield Check(name="fingerprint", value=fingerprint(found))
    around = environment(root, found)
    yield Check(name="environment", value=around.kind)
    for problem in around.problems:
        yield Check(name=problem.code, value=problem.message, remedy=problem.remedy)


def plugins(data_dir: str | None) -> Iterator[Check]:
    """Say which plugins work."""
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
