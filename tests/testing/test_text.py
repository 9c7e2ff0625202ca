"""The contract tests of text backends, on a small backend over JSON lines."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from benchrace.kinds import LLM, SERVE
from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    Delta,
    EngineFacts,
    Lane,
    Loaded,
    TextBackend,
    TextLane,
    Usage,
    Workload,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest
from benchrace.testing.server import Request
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import Counts, Reply, Wire


class SmallLane(TextLane):
    tells_cached = True

    def __init__(self, lane: Lane[Any], context: Context, url: str) -> None:
        super().__init__(lane, context)
        self.url = url

    async def facts(self) -> EngineFacts:
        try:
            answer = await self.context.http.get(f"{self.url}facts")
        except httpx.ConnectError as error:
            raise BenchraceError(Category.UNREACHABLE, f"nobody at {self.url}") from error
        return EngineFacts(name="small", version=answer.json()["version"])

    async def load(self) -> Loaded:
        return Loaded()

    async def unload(self) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=f"{self.url}text", body=body, limits=limits)

    def parse(self, data: bytes) -> Delta:
        try:
            message = json.loads(data)
        except ValueError as error:
            raise BenchraceError(Category.BAD_OUTPUT, f"no JSON: {data[:80]!r}") from error
        if "error" in message:
            return Delta(failure=BenchraceError(Category.STREAM_ERROR, message["error"]).failure())
        usage = None
        if "usage" in message:
            usage = Usage(**message["usage"])
        return Delta(
            text=message.get("text", ""),
            reasoning=message.get("thought", ""),
            finish=message.get("finish"),
            done=message.get("done", False),
            usage=usage,
        )


class Small(TextBackend):
    name = "small"
    title = "Small"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))
    url = ""

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        return SmallLane(lane, context, self.url)


class SmallWire(Wire):
    content_type = "application/x-ndjson"

    def content(self, text: str) -> bytes:
        return self._line({"text": text})

    def reasoning(self, text: str) -> bytes:
        return self._line({"thought": text})

    def role(self) -> bytes:
        return self._line({"role": "assistant"})

    def ping(self) -> bytes:
        return self._line({})

    def error(self, message: str) -> bytes:
        return self._line({"error": message})

    def end(self, counts: Counts) -> Sequence[bytes]:
        usage = {"prompt": counts.prompt, "output": counts.output, "cached": counts.cached}
        return [
            self._line({"finish": counts.finish}),
            self._line({"usage": usage}),
            self._line({"done": True}),
        ]

    def control(self, request: Request) -> Reply | None:
        return None if b" /text " in request.head else Reply({"version": "1"})

    def _line(self, value: dict[str, Any]) -> bytes:
        return json.dumps(value).encode() + b"\n"


@pytest.mark.slow
class TestSmall(TextContract):
    wire = SmallWire()

    def make(self, url: str) -> TextBackend:
        backend = Small()
        backend.url = url
        return backend
