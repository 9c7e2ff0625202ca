"""The conformance of text backends, as llama-server, vLLM and a server of the API alone speak."""

import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from benchrace.plugin import BenchraceError, TextBackend
from benchrace.testing.server import Request
from benchrace.testing.text import TextContract
from benchrace.testing.text_engine import AnswerWriter, Counts, Reply, Wire, well
from benchrace.testing.text_racing import TextLanes
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.config import OpenAIConfig

from .perplexity.test_prompt_logprobs import echo

PROPS = {
    "default_generation_settings": {"n_ctx": 4096},
    "total_slots": 1,
    "model_path": "/models/tiny.gguf",
    "model_ftype": "F16",
    "build_info": "b1-scripted",
    "chat_template": "{{ messages }}",
}


def event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def choice(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


class ChatWire(Wire):
    """What every server of this API says."""

    content_type = "text/event-stream"
    owner = "someone"

    def content(self, text: str) -> bytes:
        return choice({"content": text})

    def reasoning(self, text: str) -> bytes:
        return choice({"reasoning_content": text})

    def role(self) -> bytes:
        return choice({"role": "assistant", "content": None})

    def ping(self) -> bytes:
        return b":\n\n"

    def error(self, message: str) -> bytes:
        return event({"error": {"message": message, "type": "server_error", "code": 500}})

    def end(self, counts: Counts) -> Sequence[bytes]:
        return (
            choice({}, counts.finish),
            event({"choices": [], **self.counts_fields(counts)}),
            b"data: [DONE]\n\n",
        )

    def counts_fields(self, counts: Counts) -> dict[str, Any]:
        return {"usage": {"prompt_tokens": counts.prompt, "completion_tokens": counts.output}}

    def control(self, request: Request) -> Reply | None:
        line = request.head.split(b"\r\n")[0]
        if line.startswith(b"GET /v1/models "):
            return Reply({"data": [{"id": "tiny", "owned_by": self.owner}]})
        if line.startswith(b"GET "):
            return self.other(line) or Reply({"detail": "Not Found"}, 404)
        return None

    def other(self, line: bytes) -> Reply | None:
        return None


class LlamaWire(ChatWire):
    """llama-server: timings, cached tokens, slots."""

    owner = "llamacpp"

    def counted(self, text: str, total: int) -> bytes:
        timings = {"cache_n": 4, "prompt_n": 36, "prompt_ms": 3.0, "predicted_n": total}
        return event({"choices": [{"delta": {"content": text}}], "timings": timings})

    def counts_fields(self, counts: Counts) -> dict[str, Any]:
        usage = {
            "prompt_tokens": counts.prompt,
            "completion_tokens": counts.output,
            "prompt_tokens_details": {"cached_tokens": counts.cached},
        }
        timings = {
            "cache_n": counts.cached,
            "prompt_n": counts.prompt - counts.cached,
            "prompt_ms": 3.0,
            "predicted_n": counts.output,
            "predicted_ms": 2.0 * counts.output,
            "predicted_per_second": None,
        }
        return {"usage": usage, "timings": timings}

    def other(self, line: bytes) -> Reply | None:
        if line.startswith(b"GET /props "):
            return Reply(PROPS)
        return Reply([{"is_processing": False}]) if line.startswith(b"GET /slots ") else None


class VllmWire(ChatWire):
    """vLLM: a version, thinking under another name, and a prompt's log-probabilities."""

    owner = "vllm"

    def counted(self, text: str, total: int) -> bytes:
        usage = {"prompt_tokens": 40, "completion_tokens": total, "total_tokens": 40 + total}
        return event({"choices": [{"delta": {"content": text}}], "usage": usage})

    def control(self, request: Request) -> Reply | None:
        if request.head.startswith(b"POST /v1/completions "):
            return Reply(echo())
        return super().control(request)

    def reasoning(self, text: str) -> bytes:
        return choice({"reasoning": text})

    def other(self, line: bytes) -> Reply | None:
        return Reply({"version": "0.99"}) if line.startswith(b"GET /version ") else None


def backend_at(url: str) -> TextBackend:
    return OpenAIBackend(OpenAIConfig(base_url=url))


class TestLlamaServer(TextContract):
    wire = LlamaWire()

    def make(self, url: str) -> TextBackend:
        return backend_at(url)


@pytest.mark.slow
class TestVllm(TextContract):
    wire = VllmWire()

    def make(self, url: str) -> TextBackend:
        return backend_at(url)

    async def test_perplexity_is_measured_before_the_rounds(self) -> None:
        async with self.racing(perplexity=True) as at:
            record = await at.round()
            assert record.perplexity is not None
            assert at.derived(record)["perplexity"].value == pytest.approx(math.exp(0.5))


@pytest.mark.slow
class TestGeneric(TextContract):
    wire = ChatWire()

    def make(self, url: str) -> TextBackend:
        return backend_at(url + "v1/")

    async def test_a_server_that_echoes_nothing_has_no_perplexity(self) -> None:
        async with self.racing(perplexity=True) as at:
            record = await at.round()
            assert record.perplexity is None
            assert at.derived(record)["perplexity"].reason


class BusyWire(LlamaWire):
    """llama-server, with a slot that stays busy for `polls` more questions about it."""

    polls = 0

    def other(self, line: bytes) -> Reply | None:
        if not line.startswith(b"GET /slots "):
            return super().other(line)
        self.polls -= 1
        return Reply([{"is_processing": self.polls >= 0}])


@pytest.mark.anyio
class TestAbandoned(TextLanes):
    wire: ClassVar[BusyWire] = BusyWire()

    def make(self, url: str) -> TextBackend:
        return backend_at(url)

    async def test_an_abandoned_answer_of_the_lane_itself_is_not_another_client(self) -> None:
        async def breaks_off(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            self.wire.polls = 2
            await writer.peer.close()

        async with self.racing(breaks_off) as at:
            with pytest.raises(BenchraceError):
                await at.round()
            at.engine.plan = well
            await at.round(1)
            assert self.wire.polls < 0
            assert "queued" not in at.codes()
