"""Ollama as a service: whether it answers, what it has, and what may be done to it."""

import os
from abc import ABC
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from benchrace.plugin import (
    BenchraceError,
    Context,
    Device,
    EngineProcess,
    Operated,
    Probe,
    Problem,
    Reset,
    TextBackend,
    Unloaded,
    Whereabouts,
    answers_at,
    whereabouts,
)
from benchrace_ollama import pull, residence
from benchrace_ollama.api import Api
from benchrace_ollama.config import OllamaConfig, base_url
from benchrace_ollama.models import model
from benchrace_ollama.names import full, listed
from benchrace_ollama.runner import environment


class Engine(TextBackend, ABC):
    """All that is asked of Ollama outside of a measurement."""

    config = OllamaConfig

    @cached_property
    def base(self) -> str:
        """Ollama's address, without a slash at its end. Raises `validation`."""
        return base_url(self._config, os.environ)

    @property
    def _config(self) -> OllamaConfig:
        return self.settings if isinstance(self.settings, OllamaConfig) else OllamaConfig()

    async def probe(self, context: Context) -> Probe:
        try:
            api = self._api(context)
            version, tags, resident = await api.version(), await api.tags(), await api.resident()
            environ = await self._environ(await whereabouts(self.base, context), context)
            models = [
                model(tag, await api.shape(tag.name), listed(tag, resident), environ)
                for tag in tags
            ]
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))
        started = await self._process(context).started_here()
        return Probe(reachable=True, version=version, models=tuple(models), started=started)

    async def start(self, context: Context) -> Operated:
        return await self._process(context).start()

    async def stop(self, context: Context) -> Operated:
        return await self._process(context).stop()

    async def reset(self, context: Context) -> Reset:
        return await self._process(context).reset()

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        """Unload one model, or all that /api/ps lists; Ollama's own count of their bytes."""
        api = self._api(context)
        found = await api.resident()
        if model is not None:
            found = tuple(each for each in found if full(each.name) == full(model))
        began = context.clock.monotonic_ns()
        await residence.empty(api, [each.name for each in found])
        sizes = [each.size for each in found]
        return Unloaded(
            models=tuple(each.name for each in found),
            waited_ms=(context.clock.monotonic_ns() - began) / 1e6,
            freed=None if None in sizes else sum(size or 0 for size in sizes),
        )

    async def pull(self, model: str, context: Context) -> None:
        await pull.pull(self.base, model, context)

    def legacy(self, probe: Probe) -> Mapping[str, Any]:
        names = [each.name for each in probe.models]
        return {"ollama_reachable": probe.reachable, "ollama_models": names, "llm_models": names}

    async def _environ(self, where: Whereabouts, context: Context) -> Mapping[str, str] | None:
        """What the server was started with, where it is a process that can be looked into."""
        if where.elsewhere is not None:
            return None
        return await context.run_blocking(lambda: environment(self.base))

    def _api(self, context: Context) -> Api:
        return Api(self.base, context.http)

    def _process(self, context: Context, gpu: Device | None = None) -> EngineProcess:
        async def answers() -> bool:
            # The port accepts before Ollama answers, so that only an answer counts.
            return await answers_at(context, f"{self.base}/api/version")

        return EngineProcess(self.name, self._config.launch, context, answers, gpu)
