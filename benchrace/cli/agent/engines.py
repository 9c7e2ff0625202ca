"""Checks of the engines that this machine's plugins look for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchrace import structs
from benchrace.cli.output.checks import Check
from benchrace.errors import BenchraceError
from benchrace.formatting.numbers import plural

if TYPE_CHECKING:
    from benchrace.plugin.readiness import Probe

# Engines are probed at once, each within 10 s.
_LIMIT_S = 30.0


def checks(data: Path, tables: dict[str, dict[str, Any]]) -> Iterator[Check]:
    """Check whether each engine answers; one that does not is needed by its own races alone."""
    import anyio

    try:
        probes = anyio.run(_probe, data, tables)
    except BenchraceError as error:
        yield Check(name="engines", value=error.message, remedy=error.remedy, required=False)
        return
    for name, probe in probes.items():
        yield from _engine(name, probe)


def _engine(name: str, probe: "Probe") -> Iterator[Check]:
    title = f"engine {name}"
    if probe.reachable:
        parts = [f"version {probe.version}" if probe.version else "answers"]
        parts += [plural(len(probe.models), "model")] if probe.models else []
        yield Check(name=title, value=", ".join(parts))
    for problem in probe.problems:
        yield Check(name=title, value=problem.message, remedy=problem.remedy, required=False)


async def _probe(data: Path, tables: dict[str, dict[str, Any]]) -> "dict[str, Probe]":

    from benchrace.agent import settings
    from benchrace.agent.jobs.slot import Slot
    from benchrace.agent.one_shot import ask
    from benchrace.agent.plugins import Plugins
    from benchrace.plugin.readiness import Probe
    from benchrace.protocol.agent_worker import ProbeOrder, WorkerSetup

    installed = Plugins(
        data / "cache" / "describe", settings.WORKER, Slot("this machine", None), _LIMIT_S
    )
    await installed.once()
    if not installed.refs:
        return {}
    order = ProbeOrder(setup=WorkerSetup(plugins=installed.refs, config=tables))
    return structs.convert(await ask(settings.WORKER, order, _LIMIT_S), dict[str, Probe])
