"""The conformance of text backends, on a small backend of our own: over JSON lines."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from benchrace.kinds import LLM, SERVE
from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    EngineFacts,
    Lane,
    Loaded,
    Piece,
    TextBackend,
    Usage,
    Workload,
)
from benchrace.plugin.stream import StreamLimits, StreamRequest
from benchrace.testing.server import Asked
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import Counts, Reply, Wire


class Small(TextBackend):
    name = "small"
    title = "Small"
    workloads = (Workload(kind=LLM), Workload(kind=SERVE))
    tells_cached = True
    url = ""

    async def facts(self, lane: Lane[Any], context: Context) -> EngineFacts:
        try:
            answer = await context.http.get(f"{self.url}facts")
        except httpx.ConnectError as error:
            raise BenchraceError(Category.UNREACHABLE, f"nobody at {self.url}") from error
        return EngineFacts(name="small", version=answer.json()["version"])

    async def load(self, lane: Lane[Any], context: Context) -> Loaded:
        return Loaded()

    async def forget(self, lane: Lane[Any], context: Context) -> None:
        return

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = json.dumps({"prompt": ask.prompt, "n": ask.max_tokens}).encode()
        return StreamRequest(url=f"{self.url}text", body=body, limits=limits)

    def read(self, data: bytes) -> Piece:
        try:
            said = json.loads(data)
        except ValueError as error:
            raise BenchraceError(Category.BAD_OUTPUT, f"no JSON: {data[:80]!r}") from error
        if "error" in said:
            return Piece(failure=BenchraceError(Category.STREAM_ERROR, said["error"]).failure())
        usage = None
        if "usage" in said:
            usage = Usage(**said["usage"])
        return Piece(
            text=said.get("text", ""),
            reasoning=said.get("thought", ""),
            finish=said.get("finish"),
            done=said.get("done", False),
            usage=usage,
        )


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

    def control(self, asked: Asked) -> Reply | None:
        return None if b" /text " in asked.head else Reply({"version": "1"})

    def _line(self, value: dict[str, Any]) -> bytes:
        return json.dumps(value).encode() + b"\n"


class TestSmall(TextContract):
    wire = SmallWire()

    def make(self, url: str) -> TextBackend:
        backend = Small()
        backend.url = url
        return backend
