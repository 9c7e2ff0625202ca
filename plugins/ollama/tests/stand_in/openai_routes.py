"""/v1/models, /v1/chat/completions and /v1/completions: what the own API says, in other words."""

import json
from typing import Any

from .engine import Engine
from .generate import generate
from .wire import JSON, Peer, Request, dumps

PREFIX = "/v1/"
EVENTS = "text/event-stream"
OPTIONS = ("temperature", "top_p", "seed")
ABOUT = {"created": 1795351946, "system_fingerprint": "fp_ollama"}


async def answer_openai(engine: Engine, peer: Peer, request: Request) -> None:
    """Answer one request of OpenAI's API."""
    match request.method, request.path:
        case "GET", "/v1/models":
            data = [
                {"id": name, "object": "model", "created": ABOUT["created"], "owned_by": "library"}
                for name in engine.models
            ]
            await peer.say(200, dumps({"object": "list", "data": data or None}), JSON)
        case "POST", "/v1/chat/completions" | "/v1/completions":
            body = json.loads(request.body)
            chat = request.path.endswith("/chat/completions")
            await generate(engine, EventPeer(peer, body, chat=chat), own(body, chat), chat=chat)
        case _:
            await peer.say(404, b"404 page not found", "text/plain")


def own(body: dict[str, Any], chat: bool) -> dict[str, Any]:
    """Translate a request to the native API, without `num_ctx` and `keep_alive`."""
    options = {name: body[name] for name in OPTIONS if name in body}
    options |= {"num_predict": body["max_tokens"]} if "max_tokens" in body else {}
    native = {
        "model": body.get("model", ""),
        "stream": body.get("stream", False),
        "options": options,
    }
    if chat:
        return {**native, "messages": body.get("messages", [])}
    return {**native, "prompt": body.get("prompt", "")}


class EventPeer(Peer):
    """Says as events what `generate` says in lines; an error in the middle is lost."""

    def __init__(self, peer: Peer, body: dict[str, Any], *, chat: bool) -> None:
        super().__init__(peer.reader, peer.writer)
        self.close = peer.close
        self.chat = chat
        self.usage = bool((body.get("stream_options") or {}).get("include_usage"))
        self.first = True

    async def say(self, status: int, body: bytes, kind: str | None = JSON) -> None:
        line = json.loads(body)
        if status == 200:
            await super().say(200, dumps(self._whole(line)), "application/json")
        else:
            error = {"message": line["error"], "type": "api_error", "param": None, "code": None}
            await super().say(status, dumps({"error": error}), "application/json")

    def begin(self) -> None:
        self._head(200, [f"Content-Type: {EVENTS}", "Transfer-Encoding: chunked"])

    async def line(self, value: Any) -> None:
        if "error" in value:
            await self._event({**ABOUT, "model": "", "choices": []})
        elif value["done"]:
            await self._done(value)
        else:
            message = value.get("message") or {"content": value.get("response", "")}
            thought = message.get("thinking") or value.get("thinking")
            delta = {"content": message["content"], **({"reasoning": thought} if thought else {})}
            if self.first and self.chat:
                delta = {"role": "assistant", **delta}
            self.first = False
            await self._event(self._chunk(value, delta, None))

    async def _done(self, line: dict[str, Any]) -> None:
        events = [self._chunk(line, {}, line["done_reason"])]
        if self.usage:
            events.append({**self._chunk(line, {}, None), "choices": [], "usage": usage(line)})
        data = b"".join(b"data: " + dumps(event) + b"\n\n" for event in events)
        await self.raw(data + b"data: [DONE]\n\n")

    async def _event(self, event: dict[str, Any]) -> None:
        await self.raw(b"data: " + dumps(event) + b"\n\n")

    def _chunk(self, line: dict[str, Any], delta: Any, finish: str | None) -> dict[str, Any]:
        content = {"delta": delta} if self.chat else {"text": delta.get("content", "")}
        choice = {"index": 0, **content, "finish_reason": finish}
        name = "chat.completion.chunk" if self.chat else "text_completion"
        return {"id": "x-1", "object": name, **ABOUT, "model": line["model"], "choices": [choice]}

    def _whole(self, line: dict[str, Any]) -> dict[str, Any]:
        text = line.get("message") if isinstance(line.get("message"), str) else line.get("response")
        content = (
            {"message": {"role": "assistant", "content": text}} if self.chat else {"text": text}
        )
        choice = {"index": 0, **content, "finish_reason": line.get("done_reason")}
        return {
            "id": "x-1",
            **ABOUT,
            "model": line["model"],
            "choices": [choice],
            "usage": usage(line),
        }


def usage(line: dict[str, Any]) -> dict[str, int]:
    """The counts of a done line, zero where it has none."""
    prompt, output = line.get("prompt_eval_count", 0), line.get("eval_count", 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }
