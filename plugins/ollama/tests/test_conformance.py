"""The conformance of text backends, on both routes that answers come by."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from benchrace.plugin import TextBackend
from benchrace.testing.server import Request
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import Counts, Reply, Wire
from benchrace_ollama.backend import Ollama
from benchrace_ollama.config import OllamaConfig

pytestmark = pytest.mark.slow

TAG = {"name": "tiny:latest", "size": 1000, "digest": "d" * 64, "details": {"family": "llama"}}
RUNNING = {**TAG, "size_vram": 0, "context_length": 4096}


class GenerateWire(Wire):
    """/api/generate."""

    content_type = "application/x-ndjson"
    capabilities: ClassVar[tuple[str, ...]] = ("completion",)

    def line(self, text: str = "", thinking: str | None = None, **more: Any) -> bytes:
        message = {"response": text, "thinking": thinking or "", "done": False, **more}
        return json.dumps({"model": "tiny", **message}).encode() + b"\n"

    def content(self, text: str) -> bytes:
        return self.line(text)

    def reasoning(self, text: str) -> bytes | None:
        return self.line(thinking=text)

    def error(self, message: str) -> bytes:
        return json.dumps({"error": message}).encode() + b"\n"

    def end(self, counts: Counts) -> Sequence[bytes]:
        figures: dict[str, Any] = {"prompt_eval_count": counts.prompt, "eval_count": counts.output}
        figures |= {"load_duration": 2_000_000, "prompt_eval_duration": 3_000_000}
        return (self.line("", done=True, done_reason=counts.finish, **figures),)

    def control(self, request: Request) -> Reply | None:
        path = request.head.split(b" ")[1]
        match path:
            case b"/api/version":
                return Reply({"version": "0.33.0"})
            case b"/api/tags":
                return Reply({"models": [TAG]})
            case b"/api/ps":
                return Reply({"models": [RUNNING]})
            case b"/api/show":
                return Reply({"capabilities": self.capabilities, "model_info": {}})
            case _:
                streamed = json.loads(request.body)["stream"]
                return None if streamed else Reply({"done": True, "done_reason": "load"})


class ChatWire(GenerateWire):
    """/api/chat, which models that think are asked by."""

    capabilities = ("completion", "thinking")

    def line(self, text: str = "", thinking: str | None = None, **more: Any) -> bytes:
        message = {"role": "assistant", "content": text, "thinking": thinking or ""}
        return json.dumps({"message": message, "done": False, **more}).encode() + b"\n"


class TestGenerate(TextContract):
    wire = GenerateWire()

    def make(self, url: str) -> TextBackend:
        return Ollama(OllamaConfig(base_url=url))


class TestChat(TestGenerate):
    wire = ChatWire()
