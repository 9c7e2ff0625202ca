"""The conformance of text backends, with a scripted engine instead of a llama-server."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from benchrace.plugin import Category, Context, TextBackend
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import Request
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import AnswerWriter, Counts, Reply, Wire
from benchrace_llamacpp import faults
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.load_log import Placement
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.pool import Coordinators
from benchrace_llamacpp.coordinator.server import CoordinatorServer, Started
from benchrace_llamacpp.models.model_file import ModelFile

pytestmark = pytest.mark.slow


class ChatWire(Wire):
    """/v1/chat/completions, and the control routes of llama-server."""

    content_type = "text/event-stream"

    def event(self, **fields: Any) -> bytes:
        return b"data: " + json.dumps(fields).encode() + b"\n\n"

    def choice(self, finish: str | None = None, **delta: Any) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "finish_reason": finish}

    def content(self, text: str) -> bytes:
        return self.event(choices=[self.choice(content=text)])

    def reasoning(self, text: str) -> bytes | None:
        return self.event(choices=[self.choice(reasoning_content=text)])

    def role(self) -> bytes | None:
        return self.event(choices=[self.choice(role="assistant", content=None)])

    def ping(self) -> bytes | None:
        return b":\n\n"

    def counted(self, text: str, total: int) -> bytes | None:
        return self.event(
            choices=[self.choice(content=text)], timings={"cache_n": 0, "predicted_n": total}
        )

    def error(self, message: str) -> bytes:
        return self.event(error={"code": 500, "message": message, "type": "server_error"})

    def end(self, counts: Counts) -> Sequence[bytes]:
        usage = {"prompt_tokens": counts.prompt, "completion_tokens": counts.output}
        usage |= {"prompt_tokens_details": {"cached_tokens": 0}}  # type: ignore[dict-item]
        return (
            self.event(choices=[self.choice(counts.finish)]),
            self.event(choices=[], usage=usage),
            b"data: [DONE]\n\n",
        )

    def control(self, request: Request) -> Reply | None:
        match request.head.split(b" ")[1]:
            case b"/health":
                return Reply({"status": "ok"})
            case b"/props":
                generation = {"n_ctx": 4096}
                return Reply(
                    {
                        "default_generation_settings": generation,
                        "total_slots": 1,
                        "build_info": "b1-a",
                        "model_path": "/models/tiny.gguf",
                    }
                )
            case b"/slots":
                return Reply([{"id_task": 0, "is_processing": False}])
            case b"/v1/models":
                return Reply({"data": [{"id": "tiny", "meta": {}}]})
            case b"/tokenize":
                return Reply({"tokens": [1, 2, 3]})
        return None


class Scripted(Coordinators):
    """The scripted engine in place of a server that was started."""

    def __init__(self, url: str) -> None:
        super().__init__(self._never)
        port = urlsplit(url).port or 0
        plan = ServerPlan(
            program="llama-server",
            model=ModelFile(name="tiny", path="/models/tiny.gguf"),
            size=1,
            changed_ns=1,
            port=port,
            context=4096,
            slots=1,
            gpu_layers=99,
        )
        self.server = CoordinatorServer(plan, Running())  # type: ignore[arg-type]
        self.server.started = Started(load_ns=1, placement=Placement(), split="")

    async def provide(self, plan: ServerPlan, context: Context) -> tuple[CoordinatorServer, bool]:
        self.current = self.server
        return self.server, False

    async def unwell(self, plan: ServerPlan, context: Context) -> str | None:
        return None

    async def stop(self, context: Context) -> None:
        self.current = None

    async def _never(self, plan: ServerPlan, context: Context) -> CoordinatorServer:
        raise AssertionError("nothing is started here")


class Running:
    """A process that runs."""

    def status(self) -> int | None:
        return None

    def program(self) -> None:
        return None


class TestChat(TextContract):
    wire = ChatWire()

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The process in place of a server never ends.
        monkeypatch.setattr(faults, "_END_S", 0.1)
        (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
        program = tmp_path / "llama-server"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        self.folder_of_models = tmp_path

    async def test_a_server_that_goes_on_is_not_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(faults, "_END_S", 10 * HANG_S)

        async def cut(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.peer.close()

        with anyio.fail_after(HANG_S):
            async with self.racing(cut) as at:
                assert (await at.failure()).category is Category.ENDED_EARLY

    def make(self, url: str) -> TextBackend:
        folder = self.folder_of_models
        port = urlsplit(url).port or 1
        config = LlamaCppConfig(
            llama_server=str(folder / "llama-server"), models=(str(folder),), port=port
        )
        backend = LlamaCpp(config)
        backend.pool = Scripted(url)
        return backend
