"""Checks of rounds on Ollama through its OpenAI routes, which report no loading times."""

from collections.abc import Iterator

import msgspec
import psutil

from benchrace.plugin import Context, LlmRecord, ServeRecord, duration, percent
from benchrace_openai.client import OpenAIClient
from benchrace_openai.facts import LaneTarget
from benchrace_openai.ollama import native_api
from benchrace_openai.ollama.answers import InMemory


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """What has a model in memory: Ollama's own entry, and the processes that have it loaded."""

    listed: InMemory | None
    pids: frozenset[int]


class OllamaChecks:
    """Marks a round if the model was loaded during the round.

    Before a warm round it loads the model, so that reloading one that was evicted, or whose
    process died, does not count towards the answer.
    """

    def __init__(self, target: LaneTarget, context: Context) -> None:
        self._target = target
        self._context = context
        self._client = OpenAIClient(target.server, context)
        self._runner: Runner | None = None

    async def before(self, *, warm: bool) -> None:
        if not warm:
            return
        model = self._target.model.id
        loaded = await native_api.load(self._client, model, self._context)
        if loaded.ns is not None:
            text = f"{model} was loaded again in {duration(loaded.ns)}"
            self._context.log(text, "warning")
        self._runner = await _find_runner(self._target, self._client, self._context)

    async def after(self, record: LlmRecord | ServeRecord) -> None:
        after = await _find_runner(self._target, self._client, self._context)
        if self._runner is not None and (changes := list(_changes(self._runner, after))):
            text = f"Ollama loaded the model during the round: {'; '.join(changes)}"
            self._context.invalid("reloaded", f"{text}. The time to the first token includes it")
        if (spilled := _spilled(after.listed)) is not None:
            self._context.suspect("spilled", spilled)


async def _find_runner(target: LaneTarget, client: OpenAIClient, context: Context) -> Runner:
    listed = await native_api.loaded(client, target.model.id)
    weights = target.weights
    if weights is None or not target.local:
        return Runner(listed=listed, pids=frozenset())
    return Runner(listed=listed, pids=await context.run_blocking(lambda: holding(weights)))


def holding(weights: str) -> frozenset[int]:
    """Return the processes that were started with this file of weights. Blocks."""
    return frozenset(process.pid for process in psutil.process_iter() if _holds(process, weights))


def _holds(process: psutil.Process, weights: str) -> bool:
    try:
        return any(word.endswith(weights) for word in process.cmdline())
    except psutil.Error:
        return False


def _changes(before: Runner, after: Runner) -> Iterator[str]:
    if before.pids and after.pids and not before.pids & after.pids:
        yield "another process has it"
    if before.listed is None or after.listed is None:
        # An unload during the round waits for the running answer.
        return
    for name in ("context_length", "size", "size_vram"):
        old, new = getattr(before.listed, name), getattr(after.listed, name)
        if old != new:
            yield f"{name} changed from {old} to {new}"


def _spilled(listed: InMemory | None) -> str | None:
    """Check for a model that is only partly on a GPU, so that the CPU limits its speed."""
    if listed is None or not listed.size or not 0 < listed.size_vram < listed.size:
        return None
    return f"only {percent(listed.size_vram / listed.size)} of the model is on the GPU"
