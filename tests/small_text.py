"""A plugin for text over JSON lines, whose server a test scripts."""

import json
import os
from typing import Any

from benchrace.kinds import LLM, SERVE
from benchrace.plugin import (
    Ask,
    Backend,
    Context,
    Delta,
    EngineFacts,
    Lane,
    Loaded,
    TextBackend,
    TextLane,
    Usage,
    Workload,
    hookimpl,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest

WHERE = "SMALL_TEXT_URL"


class SmallTextLane(TextLane):
    """A lane on an engine that sends `role`, then `thinks`, then `text`, then `done`."""

    async def facts(self) -> EngineFacts:
        return EngineFacts(name="small", model=self.lane.params.model)

    async def load(self) -> Loaded:
        return Loaded()

    async def unload(self) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=os.environ[WHERE], body=body, limits=limits)

    def parse(self, data: bytes) -> Delta:
        message = json.loads(data)
        if "done" in message:
            usage = Usage(prompt=9, output=message["done"])
            return Delta(done=True, finish="length", usage=usage)
        return Delta(text=message.get("text", ""), reasoning=message.get("thinks", ""))


class SmallText(TextBackend):
    """The backend of that engine."""

    name = "small_text"
    title = "Small text"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        return SmallTextLane(lane, context)


@hookimpl
def benchrace_backends() -> list[type[Backend]]:
    return [SmallText]
