"""A ComfyUI for the checks: lanes of the plugin on it, and what another client of it can do."""

import secrets
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import anyio
import httpx
import msgspec

from benchrace.kinds import TXT2IMG, WORKFLOW
from benchrace.plugin import ImageRecord, Lane
from benchrace.testing import RecordingContext
from benchrace_comfyui.backend import Comfy
from benchrace_comfyui.config import ComfyConfig
from benchrace_comfyui.params import ImageOptions, WorkflowOptions

_LIMIT_S, _EVERY_S = 180.0, 0.02


class Racing(NamedTuple):
    """A lane of the plugin's."""

    backend: Comfy
    lane: Lane[Any]
    context: RecordingContext

    async def open(self) -> "Racing":
        await self.backend.open(self.lane, self.context)
        return self

    async def round(self, number: int = 0) -> ImageRecord:
        self.context.begin(number)
        record = await self.backend.round(self.lane, self.context)
        assert isinstance(record, ImageRecord)
        return record

    async def refused(self) -> list[str]:
        readiness = await self.backend.preflight(self.lane, self.context)
        return [error.path for error in readiness.fields]

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.context.verdict.reasons]


class Server(NamedTuple):
    """A ComfyUI, as another client sees it; `ends` closes what a check has opened."""

    url: str
    checkpoint: str
    damaged: str
    http: httpx.AsyncClient
    ends: AsyncExitStack

    def lane(self, url: str = "", **params: Any) -> Racing:
        wanted = {"model": self.checkpoint, "steps": 4, "width": 64, "height": 64}
        options = msgspec.convert({"allow_cpu": True, **wanted, **params}, ImageOptions)
        return self._racing(url, TXT2IMG.name, options)

    def workflow(self, graph: dict[str, Any], **params: Any) -> Racing:
        wanted = {"base_model": self.checkpoint, "steps": 4, "width": 64, "height": 64}
        own = {"allow_cpu": True, "workflow": graph, **wanted, **params}
        return self._racing("", WORKFLOW.name, msgspec.convert(own, WorkflowOptions))

    def _racing(self, url: str, kind: str, options: ImageOptions | WorkflowOptions) -> Racing:
        lane: Lane[Any] = Lane(lane_id="lane", label="lane", kind=kind, params=options)
        context = RecordingContext([metric.name for metric in TXT2IMG.metrics])
        self.ends.push_async_callback(context.aclose)
        return Racing(Comfy(ComfyConfig(base_url=url or self.url)), lane, context)

    async def ask(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = await self.http.request(method, f"{self.url}{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def wait_for(self, kind: str, steps: int) -> str:
        """Wait until a prompt of so many steps is `running` or `pending`; return its ID."""
        with anyio.fail_after(_LIMIT_S):
            while True:
                for row in (await self.ask("/queue"))[f"queue_{kind}"]:
                    if row[2]["3"]["inputs"]["steps"] == steps:
                        return str(row[1])
                await anyio.sleep(_EVERY_S)

    async def add(self, count: int, steps: int) -> list[str]:
        """Queue prompts of another client, like the last one; return their IDs."""
        graph = list((await self.ask("/history")).values())[-1]["prompt"][2]
        added = []
        for _ in range(count):
            graph["3"]["inputs"] |= {"steps": steps, "seed": secrets.randbits(50)}
            added.append(await self.ask("/prompt", {"prompt": graph, "client_id": "another"}))
        return [answer["prompt_id"] for answer in added]
