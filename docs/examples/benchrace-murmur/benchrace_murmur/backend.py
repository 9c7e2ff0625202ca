"""The backend for murmur: what it offers, and what belongs to the engine."""

from typing import Any

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    BenchraceError,
    Context,
    Drawing,
    Kind,
    Lane,
    Model,
    Probe,
    Problem,
    Resident,
    Resource,
    TextBackend,
    Unloaded,
    Workload,
)
from benchrace_murmur import load
from benchrace_murmur.client import MurmurClient
from benchrace_murmur.config import MurmurConfig
from benchrace_murmur.lane import MurmurLane


def _workload(kind: Kind) -> Workload:
    return Workload(
        kind=kind,
        presets=TEXT_PRESETS,
        saturates=frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY}),
        drawing=Drawing.TEXT,
        together=False,  # one model in memory at a time
        load_params=("residence",),  # what murmur applies only when it loads a model
    )


class Murmur(TextBackend):
    """The backend for one murmur."""

    name = "murmur"
    title = "Murmur"
    config = MurmurConfig
    workloads = (_workload(LLM), _workload(SERVE))

    def open_lane(self, lane: Lane[Any], context: Context) -> MurmurLane:
        return MurmurLane(lane, context, self._client(context))

    async def probe(self, context: Context) -> Probe:
        client = self._client(context)
        try:
            about, resident = await client.about(), await client.resident()
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))
        models = [
            Model(name=name, loaded=Resident() if name in resident else None)
            for name in about.models
        ]
        return Probe(reachable=True, version=about.version, models=tuple(models))

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        client, began = self._client(context), context.clock.monotonic_ns()
        names = [name for name in await client.resident() if model in (None, name)]
        for name in names:
            await load.unload(client, name)
        waited_ms = (context.clock.monotonic_ns() - began) / 1e6
        return Unloaded(models=tuple(names), waited_ms=waited_ms)

    def _client(self, context: Context) -> MurmurClient:
        settings = self.settings if isinstance(self.settings, MurmurConfig) else MurmurConfig()
        return MurmurClient(settings.base_url, context)
