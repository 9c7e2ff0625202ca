"""A plugin for text over lines of JSON, whose server a test scripts; its address is an argument."""

import json
import os
from typing import Any

from benchrace.kinds import LLM, SERVE
from benchrace.plugin import (
    Ask,
    Backend,
    Context,
    EngineFacts,
    Lane,
    Loaded,
    Piece,
    TextBackend,
    Usage,
    Workload,
    hookimpl,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest

WHERE = "SMALL_TEXT_URL"


class SmallText(TextBackend):
    """Says `role` first, then `thinks`, then `text`, then `done`."""

    name = "small_text"
    title = "Small text"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        return EngineFacts(name="small", model=lane.params.model)

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        return Loaded()

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=os.environ[WHERE], body=body, limits=limits)

    def read(self, data: bytes) -> Piece:
        said = json.loads(data)
        if "done" in said:
            usage = Usage(prompt=9, output=said["done"])
            return Piece(done=True, finish="length", usage=usage)
        return Piece(text=said.get("text", ""), reasoning=said.get("thinks", ""))


@hookimpl
def benchrace_backends() -> list[type[Backend]]:
    return [SmallText]
