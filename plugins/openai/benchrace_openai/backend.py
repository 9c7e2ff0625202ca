"""The backend for llama-server, vLLM, SGLang, LM Studio, MLX and others with OpenAI's API."""

from collections.abc import Sequence
from typing import Any

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    Config,
    Context,
    Drawing,
    EngineGpu,
    Kind,
    Lane,
    NotOffered,
    Operated,
    Operation,
    Params,
    Probe,
    Readiness,
    Reset,
    Resource,
    TextBackend,
    Unloaded,
    Workload,
)
from benchrace_openai import load, operations, preflight
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import OpenAIConfig, servers
from benchrace_openai.lane import OpenAILane
from benchrace_openai.params import GenerateOptions, ServeOptions
from benchrace_openai.server import probing
from benchrace_openai.server.choice import choose

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
        load_params=("residence", "gpu"),
    )


class OpenAIBackend(TextBackend):
    """The backend for servers with OpenAI's API; several may be configured."""

    name = "openai"
    title = "OpenAI-compatible server"
    config = OpenAIConfig
    workloads = (
        _workload(LLM, GenerateOptions),
        _workload(SERVE, ServeOptions),
    )

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.servers = servers(config)
        self._gpus = {server.label: EngineGpu(server.label) for server in self.servers}

    def open_lane(self, lane: Lane[Any], context: Context) -> OpenAILane:
        return OpenAILane(
            lane, context, servers=self.servers, gpus=self._gpus, oddities=self.oddities
        )

    async def probe(self, context: Context) -> Probe:
        if not self.servers:
            return Probe(reachable=False, problems=(preflight.UNCONFIGURED,))
        return await probing.probe(self.servers, context)

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        return await preflight.check(self.servers, lane, context)

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        if keep is None:
            return await load.release(self.servers, None, "", context)
        params = keep.params
        server = await choose(self.servers, params.server, params.model, context)
        return await load.release(self.servers, server, params.model, context)

    async def start(self, context: Context) -> Operated:
        return await operations.start(self._startable(context, Operation.START), context)

    async def stop(self, context: Context) -> Operated:
        return await operations.stop(self._startable(context, Operation.STOP), context)

    async def reset(self, context: Context) -> Reset:
        return await operations.reset(self._startable(context, Operation.RESET), context)

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        clients = [OpenAIClient(server, context) for server in self.servers]
        return await operations.unload(clients, model, context)

    def _startable(self, context: Context, operation: Operation) -> list[OpenAIClient]:
        servers = [server for server in self.servers if server.launch.configured]
        if not servers:
            remedy = "Set `launch` in the table `openai` of agent.yaml: a unit, or a command."
            raise NotOffered(self.name, operation, "no start command is configured", remedy)
        return [OpenAIClient(server, context) for server in servers]
