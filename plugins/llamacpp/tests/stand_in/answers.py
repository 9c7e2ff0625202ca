"""The routes of llama-server."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from .state import State

STEP_S = 0.004
PROMPT = 40


class Handler(BaseHTTPRequestHandler):
    """One request; 503 for every route until the model is loaded."""

    protocol_version = "HTTP/1.1"
    server_version = "llama.cpp"
    state: ClassVar[State]

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        state = self.state
        if not state.ready:
            error = {"message": "Loading model", "type": "unavailable_error", "code": 503}
            return self._json({"error": error}, 503)
        context = int(state.options["-c"]) // state.slots
        match self.path:
            case "/health":
                return self._json({"status": "ok"})
            case "/props":
                settings = {"n_ctx": context}
                return self._json(
                    {
                        "default_generation_settings": settings,
                        "total_slots": state.slots,
                        "model_path": state.options["-m"],
                        "build_info": state.build,
                        "chat_template": "{{ messages }}",
                    }
                )
            case "/slots":
                task = {"id_task": state.tasks, "is_processing": state.busy > 0}
                return self._json([task] + [{"id_task": -1}] * (state.slots - 1))
            case "/v1/models":
                meta = {"n_vocab": 973, "n_params": 381_510_000, "size": 405_000_000}
                return self._json({"data": [{"id": state.options["-m"], "meta": meta}]})
        return self._json({"error": {"code": 404, "message": "File Not Found"}}, 404)

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", "0"))
        body = json.loads(self.rfile.read(size) or b"{}")
        match self.path:
            case "/tokenize":
                return self._json({"tokens": list(map(ord, body["content"]))[:50]})
            case "/v1/chat/completions" | "/v1/completions":
                return self._answer(body)
        return self._json({"error": {"code": 404, "message": "File Not Found"}}, 404)

    def _answer(self, body: dict[str, Any]) -> None:
        state, count = self.state, body["max_tokens"]
        state.busy += 1
        state.tasks += 1
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            first = last = time.monotonic()
            for number in range(count):
                state.compute()
                time.sleep(STEP_S)
                last = time.monotonic()
                first = first if number else last
                timings = _timings(number + 1, last - first)
                delta = {"content": " pibu"}
                self._event(
                    {"choices": [{"delta": delta, "finish_reason": None}], "timings": timings}
                )
            self._event({"choices": [{"delta": {}, "finish_reason": "length"}]})
            usage = {"completion_tokens": count, "prompt_tokens": PROMPT}
            usage |= {"prompt_tokens_details": {"cached_tokens": 0}}
            timings = _timings(count, last - first)
            self._event({"choices": [], "usage": usage, "timings": timings})
            self._chunk(b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
        finally:
            state.busy -= 1

    def _event(self, data: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(data).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, data: Any, status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _timings(count: int, span_s: float) -> dict[str, Any]:
    spent = {"predicted_n": count, "predicted_ms": max(span_s * 1e3, 0.001)}
    return {"cache_n": 0, "prompt_n": PROMPT, "prompt_ms": 3.0, **spent}
