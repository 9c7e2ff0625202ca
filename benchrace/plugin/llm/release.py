"""Letting go of models in memory, by what any text engine tells and can do."""

from collections.abc import Sequence

from benchrace.errors import BenchraceError
from benchrace.plugin.backend import Backend
from benchrace.plugin.context import Context


async def release(backend: Backend, keep: str | None, context: Context) -> Sequence[str]:
    """Unload every model that the engine says is loaded, but for `keep`; give what stays, in words.

    An engine that does not answer holds nothing that this machine's agent could know of. A lane
    that names no model takes what its engine has.
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
            text = f"{backend.title} let go of {model.name} in {unloaded.waited_ms / 1e3:.1f} s"
            context.log(text)
    return stayed


def _same(model: str, keep: str | None) -> bool:
    return keep is not None and model.removesuffix(":latest") == keep.removesuffix(":latest")
