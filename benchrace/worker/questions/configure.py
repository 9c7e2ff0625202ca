"""Create every backend with its table of agent.yaml, to see which of them reject it."""

from functools import partial

import msgspec

from benchrace.errors import BenchraceError
from benchrace.plugin import Problem
from benchrace.worker.guarded_call import guarded_call
from benchrace.worker.params import configuration
from benchrace.worker.registry import Registry

_LIMIT_S = 10.0


async def configure_all(registry: Registry) -> dict[str, Problem]:
    """Return the problem of each backend that cannot be made, by its name.

    One that needs a table and has none is not in use here, which is fine.
    """
    problems: dict[str, Problem] = {}
    for name in filter(partial(_in_use, registry), registry.backends):
        try:
            await guarded_call(f"configuring {name}", partial(_make, registry, name), _LIMIT_S)
        except BenchraceError as error:
            problems[name] = Problem(
                message=error.message, remedy=error.remedy, detail=error.detail
            )
    return problems


def _in_use(registry: Registry, name: str) -> bool:
    if registry.has_table(name):
        return True
    try:
        configuration(None, registry.backends[name].config)
    except msgspec.ValidationError:
        return False
    return True


async def _make(registry: Registry, name: str) -> None:
    registry.make(name)
