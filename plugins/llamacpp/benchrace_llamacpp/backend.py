"""The backend for llama.cpp, which starts llama-server itself, on one machine or over several."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from benchrace.plugin import (
    LLM,
    SERVE,
    TEXT_PRESETS,
    Asset,
    AssetKind,
    BenchraceError,
    Config,
    Context,
    Drawing,
    Kind,
    Lane,
    Lending,
    Lent,
    Params,
    Probe,
    Readiness,
    Record,
    Resource,
    TextBackend,
    Workload,
)
from benchrace_llamacpp import faults, load, operations, preflight
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.lane import LlamaCppLane
from benchrace_llamacpp.lending.rpc_server import lent
from benchrace_llamacpp.models import assets as gguf_assets
from benchrace_llamacpp.params import LOAD_PARAMS, GenerateOptions, ServeOptions

_USES = frozenset({Resource.CPU, Resource.GPU, Resource.MEMORY, Resource.NETWORK})


def _workload(kind: Kind, params: type[Params]) -> Workload:
    return Workload(
        kind=kind,
        params=params,
        presets=TEXT_PRESETS,
        saturates=_USES,
        drawing=Drawing.TEXT,
        together=False,
        load_params=LOAD_PARAMS,
        spans=True,
    )


class LlamaCpp(TextBackend):
    """The backend for llama.cpp; its llama-server lives for one job."""

    name = "llamacpp"
    title = "llama.cpp"
    config = LlamaCppConfig
    assets = (AssetKind.GGUF,)
    workloads = (
        _workload(LLM, GenerateOptions),
        _workload(SERVE, ServeOptions),
    )

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self._config = config if isinstance(config, LlamaCppConfig) else LlamaCppConfig()
        self.pool = Coordinators(partial(load.start, self._config))

    def open_lane(self, lane: Lane[Any], context: Context) -> LlamaCppLane:
        return LlamaCppLane(lane, context, config=self._config, pool=self.pool)

    async def open(self, lane: Lane[Any], context: Context) -> None:
        try:
            await super().open(lane, context)
        except BenchraceError as error:
            raise await faults.explain(error, self.pool, context) from error

    async def round(self, lane: Lane[Any], context: Context) -> Record:
        try:
            return await super().round(lane, context)
        except BenchraceError as error:
            raise await faults.explain(error, self.pool, context) from error

    async def probe(self, context: Context) -> Probe:
        return await operations.probe(self._config, context)

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        return await preflight.check(self._config, lane, context)

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """Stop the server, unless it is that of `keep`."""
        server = self.pool.current
        if server is not None and keep is not None:
            plan = await load.plan(keep, self._config, context)
            if plan.key == server.plan.key:
                return ()
        await self.pool.stop(context)
        return ()

    async def sync(self, assets: Sequence[Asset], context: Context) -> None:
        await gguf_assets.sync(assets, self._config.models, context)

    def lend(self, lending: Lending, context: Context) -> AbstractAsyncContextManager[Lent]:
        return lent(self._config, lending, context)
