"""Unload models through the operations that every text backend has."""

from collections.abc import Sequence

from benchrace.errors import BenchraceError
from benchrace.formatting import duration
from benchrace.plugin.backend import Backend
from benchrace.plugin.context import Context


async def release(backend: Backend, keep: str | None, context: Context) -> Sequence[str]:
    """Unload every model that the engine reports as loaded, except `keep`; describe what stays.

    An engine that does not answer is taken to hold nothing. A lane that names no model uses the
    one that its engine has.
    """
    stayed: list[str] = []
    if keep == "":
        return stayed
    for model in (await backend.probe(context)).models:
        if not model.loaded or _same(model.name, keep):
            continue
        try:
            unloaded = await backend.unload(model.name, context)
        except BenchraceError as error:
            stayed.append(f"{backend.title} holds {model.name}: {error.message}")
        else:
            took = duration(unloaded.waited_ms * 1e6)
            context.log(f"{backend.title} unloaded {model.name} in {took}")
    return stayed


def _same(model: str, keep: str | None) -> bool:
    return keep is not None and model.removesuffix(":latest") == keep.removesuffix(":latest")
