"""Text on a simulated machine: a scripted engine, read and timed as any other."""

from typing import Any

from benchrace.plugin import (
    LLM,
    TEXT_PRESETS,
    Context,
    Drawing,
    Lane,
    Model,
    Probe,
    Problem,
    Readiness,
    Resource,
    TextBackend,
    Workload,
)
from benchrace_simulated import __version__
from benchrace_simulated.config import SimulatedConfig
from benchrace_simulated.lane import SimulatedLane, missing
from benchrace_simulated.profiles import MODELS


class SimulatedText(TextBackend):
    """The backend of the scripted engine."""

    name = "simulated"
    title = "Simulated engine"
    config = SimulatedConfig
    workloads = (
        Workload(
            kind=LLM,
            presets=TEXT_PRESETS,
            saturates=frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY}),
            drawing=Drawing.TEXT,
        ),
    )

    def open_lane(self, lane: Lane[Any], context: Context) -> SimulatedLane:
        settings = self.settings
        return SimulatedLane(
            lane, context, settings if isinstance(settings, SimulatedConfig) else SimulatedConfig()
        )

    async def probe(self, context: Context) -> Probe:
        return Probe(
            reachable=True, version=__version__, models=tuple(Model(name=name) for name in MODELS)
        )

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        if lane.params.model in MODELS:
            return Readiness()
        error = missing(lane.params.model)
        problem = Problem(message=error.message, remedy=error.remedy)
        return Readiness(problems=(problem,), category=error.category)
