"""One lane on ComfyUI: checked, loaded, and its rounds, each with a seed of its own."""

import hashlib
import secrets
from pathlib import Path
from typing import NamedTuple

from benchrace.plugin import (
    NEW_SEED,
    Context,
    EngineFacts,
    ImageRecord,
    Lane,
    Launch,
    Residence,
    whereabouts,
)
from benchrace_comfyui import checks
from benchrace_comfyui.client import LIMIT_S, ComfyClient
from benchrace_comfyui.facts import Server, facts
from benchrace_comfyui.gpu_check import check_gpu
from benchrace_comfyui.graph.graph import Graph, Template
from benchrace_comfyui.graph.object_info import ObjectInfo
from benchrace_comfyui.load import free, ready, require_idle
from benchrace_comfyui.params import ImageOptions, WorkflowOptions
from benchrace_comfyui.plan import UPLOADS
from benchrace_comfyui.preflight import plan
from benchrace_comfyui.prompt.completion import Patience
from benchrace_comfyui.prompt.outputs import fetch, keep, keep_graph
from benchrace_comfyui.prompt.run import Ran, run
from benchrace_comfyui.prompt.withdraw import withdraw_all
from benchrace_comfyui.record import Timing, record

SETTLE_S = 60.0


class Opened(NamedTuple):
    """What opening the lane found out; `load_ns` is what reading the models took."""

    template: Template
    engine: EngineFacts
    load_ns: int | None


class ComfyLane:
    """A lane from its opening to its end."""

    def __init__(
        self,
        lane: Lane[ImageOptions | WorkflowOptions],
        context: Context,
        *,
        client: ComfyClient,
        info: ObjectInfo,
        patience: Patience,
        launch: Launch,
        folder: Path | None,
    ) -> None:
        self._params = lane.params
        self._context = context
        self._client = client
        self._info = info
        self._patience = patience
        self._launch = launch
        self._folder = folder
        self._opened: Opened | None = None
        self._gave_up = False

    async def open(self) -> None:
        """Check the lane, and load its models by a prompt of one step unless it starts cold."""
        client, params, context = self._client, self._params, self._context
        await ready(client, self._launch, context)
        # A file may have been added since the check.
        self._info.refresh()
        server = Server(await client.stats())
        planned = await plan(server, self._info, params, self._folder, context)
        template = planned.require()
        if server.on_cpu:
            context.log("ComfyUI runs on the CPU, as this lane allows", "warning")
        await self.settle()
        await require_idle(client, SETTLE_S)
        computes = not server.on_cpu and await check_gpu(
            client, self._info, context, self._patience
        )
        where = await whereabouts(client.base, context)
        beside_gpu = server.on_cpu and bool(context.gpus) and not where.elsewhere
        engine = facts(server, template, where, gpu_checked=computes, cpu_fallback=beside_gpu)
        for upload in planned.uploads:
            await client.upload(upload.name, upload.data, UPLOADS)
        load_ns = await self._load(template) if params.residence is Residence.WARM else None
        self._opened = Opened(template, engine, load_ns)

    async def round(self) -> ImageRecord:
        """Make the images of one round, and fetch them; raises why that failed."""
        if self._opened is None:
            raise RuntimeError("the lane is not open")
        residence, context, opened = self._params.residence, self._context, self._opened
        template = opened.template
        if self._gave_up:
            # A server that was frozen still has the prompt.
            await withdraw_all(self._client, context, LIMIT_S)
        if residence is Residence.COLD:
            await free(self._client)
        seed = self._seed(template.seeds)
        graph = _graph(template, seed)
        t0_ns = context.clock.monotonic_ns()
        ran = await self._run(graph, template)
        fetched = await fetch(self._client, ran.outcome.images)
        fetched_ns = context.clock.monotonic_ns()
        context.stop_timing()
        checks.mark(residence, template, graph, ran, context)
        if opened.engine.settings["cpu_fallback"]:
            context.suspect("cpu_fallback", checks.CPU_FALLBACK)
        await keep(fetched, context)
        sha256 = await keep_graph(graph, context) if template.workflow is not None else None
        timing = Timing(seed, t0_ns, fetched_ns, opened.load_ns, sha256)
        outputs = [image.output for image in fetched]
        return record(residence, opened.engine, template, ran, outputs, timing)

    async def settle(self) -> bool:
        """Withdraw what earlier jobs of this agent have left; prompts of others stay."""
        return await withdraw_all(self._client, self._context, SETTLE_S)

    async def _load(self, template: Template) -> int | None:
        """Run one step with a seed of its own, at the size of the rounds."""
        seed = secrets.choice(template.seeds) if template.seeds else None
        ran = await self._run(_graph(template, seed, light=True), template)
        return ran.trace.phases(ran.outcome.cached).load

    async def _run(self, graph: Graph, template: Template) -> Ran:
        self._gave_up = True
        ran = await run(
            self._client,
            graph,
            self._context,
            limit_s=template.limit_s,
            patience=self._patience,
            previews=self._params.previews,
        )
        self._gave_up = False
        return ran

    def _seed(self, seeds: range | None) -> int | None:
        """Return the seed of a round: the lane's, or one that no earlier round has had.

        All lanes that take the same seeds have the same, so that their images compare.
        """
        if seeds is None:
            return None
        if self._params.seed != NEW_SEED:
            return self._params.seed
        digest = hashlib.sha256(self._context.round.draw.encode()).digest()
        return seeds[(int.from_bytes(digest[:8], "big") >> 11) % len(seeds)]


def _graph(template: Template, seed: int | None, *, light: bool = False) -> Graph:
    return template.make(NEW_SEED if seed is None else seed, light)
