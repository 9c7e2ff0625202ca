"""The backend for Ollama: what it offers, and what belongs to the engine."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    BenchraceError,
    Config,
    Context,
    Drawing,
    EngineGpu,
    EngineProcess,
    Kind,
    Lane,
    Launch,
    Operated,
    Params,
    Probe,
    Problem,
    Readiness,
    Reset,
    Resource,
    TextBackend,
    Unloaded,
    Workload,
)
from benchrace_ollama import load, operations, preflight
from benchrace_ollama.client import OllamaClient
from benchrace_ollama.config import OllamaConfig, base_url
from benchrace_ollama.lane import OllamaLane
from benchrace_ollama.params import GenerateOptions, ServeOptions

_USES = frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY})


def _workload(kind: Kind, params: type[Params]) -> Workload:
    return Workload(
        kind=kind,
        params=params,
        presets=TEXT_PRESETS,
        saturates=_USES,
        drawing=Drawing.TEXT,
        together=False,
        shared_load=kind is SERVE,
        load_params=("num_ctx", "residence", "gpu"),
    )


class Ollama(TextBackend):
    """The backend for one Ollama."""

    name = "ollama"
    title = "Ollama"
    config = OllamaConfig
    workloads = (
        _workload(LLM, GenerateOptions),
        _workload(SERVE, ServeOptions),
    )

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self._gpu = EngineGpu(self.title)

    @cached_property
    def base(self) -> str:
        """Ollama's address, without a trailing slash; raises `validation`."""
        return base_url(self._config, os.environ)

    def open_lane(self, lane: Lane[Any], context: Context) -> OllamaLane:
        return OllamaLane(
            lane,
            context,
            client=self._client(context),
            launch=self._launch,
            engine_gpu=self._gpu,
        )

    async def probe(self, context: Context) -> Probe:
        try:
            return await operations.probe(self._client(context), self._launch, context)
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        return await preflight.check(self._client, self._launch, lane, context)

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """Unload all models except those that share the file of `keep`."""
        return await load.release(
            self._client(context), None if keep is None else keep.params, context
        )

    async def start(self, context: Context) -> Operated:
        return await self._process(context).start()

    async def stop(self, context: Context) -> Operated:
        return await self._process(context).stop()

    async def reset(self, context: Context) -> Reset:
        return await self._process(context).reset()

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        return await operations.unload(self._client(context), model, context)

    async def pull(self, model: str, context: Context) -> None:
        from benchrace_ollama.pull import pull

        await pull(self.base, model, context)

    def legacy(self, probe: Probe) -> Mapping[str, Any]:
        names = [model.name for model in probe.models]
        return {"ollama_reachable": probe.reachable, "ollama_models": names, "llm_models": names}

    @property
    def _config(self) -> OllamaConfig:
        return self.settings if isinstance(self.settings, OllamaConfig) else OllamaConfig()

    @property
    def _launch(self) -> Launch:
        return self._config.launch

    def _client(self, context: Context) -> OllamaClient:
        return OllamaClient(
            self.base, context.http, lambda paths: self.oddities.log(paths, context)
        )

    def _process(self, context: Context) -> EngineProcess:
        return load.process(self._client(context), self._launch, context)
