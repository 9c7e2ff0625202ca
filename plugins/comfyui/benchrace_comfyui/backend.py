"""The backend for ComfyUI: what it offers, and what belongs to the server."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from benchrace.plugin import (
    Asset,
    Backend,
    BenchraceError,
    Category,
    Config,
    Context,
    EngineProcess,
    ImageRecord,
    Lane,
    Launch,
    Model,
    Operated,
    Probe,
    Problem,
    Readiness,
    Reset,
    Unloaded,
    endpoint,
)
from benchrace_comfyui import load
from benchrace_comfyui.assets import LOCATIONS, sync
from benchrace_comfyui.client import ComfyClient, NotRunning
from benchrace_comfyui.config import ComfyConfig, base_url
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.object_info import ObjectInfo
from benchrace_comfyui.graph.txt2img import CHECKPOINT, SAMPLER, VAE
from benchrace_comfyui.lane import ComfyLane
from benchrace_comfyui.params import IMAGES, WORKFLOWS
from benchrace_comfyui.preflight import plan
from benchrace_comfyui.prompt.completion import Patience


class Comfy(Backend):
    """The backend for one ComfyUI."""

    name = "comfyui"
    title = "ComfyUI"
    config = ComfyConfig
    assets = tuple(LOCATIONS)
    workloads = (IMAGES, WORKFLOWS)
    # Tests shorten it.
    patience = Patience()

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self._lanes: dict[str, ComfyLane] = {}
        self._info: ObjectInfo | None = None
        self._on_cpu = False

    @cached_property
    def base(self) -> str:
        """ComfyUI's address, without a trailing slash; raises `validation`."""
        return base_url(self._config, os.environ)

    async def probe(self, context: Context) -> Probe:
        try:
            return await self._probe(context)
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        try:
            client = self._client(context)
            server, info = Server(await client.stats()), self._nodes(client, context)
            return (await plan(server, info, lane.params, self._folder, context)).readiness
        except BenchraceError as error:
            if error.fields:
                return Readiness(fields=error.fields)
            if self._launch.configured and error.category is Category.UNREACHABLE:
                return Readiness()
            problem = Problem(message=error.message, remedy=error.remedy)
            return Readiness(problems=(problem,), category=error.category)

    async def open(self, lane: Lane[Any], context: Context) -> None:
        self._lanes[lane.lane_id] = self._lane(lane, context)
        await self._lanes[lane.lane_id].open()

    async def round(self, lane: Lane[Any], context: Context) -> ImageRecord:
        return await self._lanes[lane.lane_id].round()

    async def close(self, lane: Lane[Any], context: Context) -> None:
        self._lanes.pop(lane.lane_id, None)

    async def settle(self, lane: Lane[Any], context: Context) -> bool:
        try:
            return await self._lane(lane, context).settle()
        except NotRunning:
            return True
        except BenchraceError:
            return False

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """Free everything: what one lane has cached is of no use to another one."""
        try:
            await load.free(self._client(context))
        except NotRunning:
            return ()
        except BenchraceError as error:
            return (f"ComfyUI: {error.message}",)
        return ()

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        """Free all models: ComfyUI does not report which ones it has in memory."""
        began = context.clock.monotonic_ns()
        await load.free(self._client(context))
        return Unloaded(waited_ms=(context.clock.monotonic_ns() - began) / 1e6)

    async def start(self, context: Context) -> Operated:
        return await self._process(context).start()

    async def stop(self, context: Context) -> Operated:
        return await self._process(context).stop()

    async def reset(self, context: Context) -> Reset:
        return await self._process(context).reset()

    async def sync(self, assets: Sequence[Asset], context: Context) -> None:
        """Bring files into ComfyUI's folders, and wait until it lists them."""
        nodes = self._nodes(self._client(context), context)
        await sync(assets, self._config.home, nodes, context)

    def legacy(self, probe: Probe) -> Mapping[str, Any]:
        return {
            "comfyui_gpu_ok": probe.reachable and not self._on_cpu,
            "comfyui_cpu_ok": probe.reachable,
        }

    async def _probe(self, context: Context) -> Probe:
        client = self._client(context)
        server = Server(await client.stats())
        nodes = self._nodes(client, context)
        named = await choices(nodes, CHECKPOINT, "ckpt_name")
        address = await endpoint(client.base, context)
        self._on_cpu = server.on_cpu
        models = tuple(Model(name=name, engines={"": address}) for name in named)
        return Probe(
            reachable=True,
            version=server.version,
            models=models,
            problems=() if models else (_NO_MODELS,),
            choices={name: await choices(nodes, *where) for name, where in _CHOICES.items()},
            started=await self._process(context).started_here(),
        )

    @property
    def _config(self) -> ComfyConfig:
        return self.settings if isinstance(self.settings, ComfyConfig) else ComfyConfig()

    @property
    def _launch(self) -> Launch:
        return self._config.launch

    @property
    def _folder(self) -> Path | None:
        return None if self._config.workflows is None else Path(self._config.workflows)

    def _process(self, context: Context) -> EngineProcess:
        return load.process(self._client(context), self._launch, context)

    def _lane(self, lane: Lane[Any], context: Context) -> ComfyLane:
        client = self._client(context)
        return ComfyLane(
            lane,
            context,
            client=client,
            info=self._nodes(client, context),
            patience=self.patience,
            launch=self._launch,
            folder=self._folder,
        )

    def _client(self, context: Context) -> ComfyClient:
        return ComfyClient(self.base, context.http)

    def _nodes(self, client: ComfyClient, context: Context) -> ObjectInfo:
        if self._info is None:
            self._info = ObjectInfo(client.object_info, context.clock)
        return self._info


async def choices(nodes: ObjectInfo, node: str, name: str) -> tuple[str, ...]:
    """Return what an input of a node may name; empty where the server does not tell."""
    info = await nodes.node(node)
    own = None if info is None else info.of(name)
    return ((own.choices if own else None) or ())[:_MAX_CHOICES]


_MAX_CHOICES = 500
_CHOICES = {
    "sampler": (SAMPLER, "sampler_name"),
    "scheduler": (SAMPLER, "scheduler"),
    "vae": (VAE, "vae_name"),
}
_NO_MODELS = Problem(
    message="ComfyUI has no checkpoint",
    remedy="List one in comfyui.yaml and sync, or copy it into models/checkpoints.",
)
