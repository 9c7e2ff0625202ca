"""Operations on Ollama outside of measurements: probe and unload."""

from functools import partial

from benchrace.plugin import Context, Launch, Probe, Unloaded, endpoint, whereabouts
from benchrace_ollama import load, runner
from benchrace_ollama.client import OllamaClient
from benchrace_ollama.models import model, with_weights
from benchrace_ollama.names import full, listed


async def probe(client: OllamaClient, launch: Launch, context: Context) -> Probe:
    """Return Ollama's version and models, and whether the agent started it."""
    version, tags, resident = (
        await client.version(),
        await client.tags(),
        await client.resident(),
    )
    where = await whereabouts(client.base, context)
    environ = await runner.environment_of(client.base, where, context)
    address = await endpoint(client.base, context)
    models = []
    for tag in tags:
        shown = await client.shape(tag.name)
        described = model(tag, shown, listed(tag, resident), environ, address)
        if where.elsewhere is None:
            read = partial(with_weights, described, shown, environ)
            described = await context.run_blocking(read)
        models.append(described)
    started = await load.process(client, launch, context).started_here()
    return Probe(reachable=True, version=version, models=tuple(models), started=started)


async def unload(client: OllamaClient, model: str | None, context: Context) -> Unloaded:
    """Unload one model, or all that /api/ps lists; `freed` is Ollama's own figure."""
    resident = await client.resident()
    if model is not None:
        resident = tuple(running for running in resident if full(running.name) == full(model))
    began = context.clock.monotonic_ns()
    names = tuple(running.name for running in resident)
    await load.empty(client, names)
    sizes = [running.size for running in resident]
    return Unloaded(
        models=names,
        waited_ms=(context.clock.monotonic_ns() - began) / 1e6,
        freed=None if None in sizes else sum(size or 0 for size in sizes),
    )
