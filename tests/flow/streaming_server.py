"""A stand-in for a server with OpenAI's API that streams; it notes every request."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "stand-in"
STEP_S = 0.004


class StreamingServer:
    """`prompts` are those of the answers so far, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.seeds: list[int] = []
        self.came = threading.Condition()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                exists = self.path == "/v1/models"
                listed = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
                self._json(200 if exists else 404, listed if exists else {"error": "not found"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != "/v1/chat/completions":
                    self._json(404, {"error": "not found"})
                    return
                owner.note(body)
                if not body.get("stream"):
                    self._json(200, _whole())
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                for message in _messages(body["max_tokens"]):
                    self.wfile.write(b"data: " + message + b"\n\n")
                    time.sleep(STEP_S)

            def _json(self, status: int, body: Any) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def note(self, body: dict[str, Any]) -> None:
        """Note a request for an answer."""
        with self.came:
            self.prompts.append(str(body["messages"][-1]["content"]))
            self.seeds.append(body.get("seed", -1))
            self.came.notify_all()

    def wait_for(self, requests: int, limit_s: float) -> None:
        """Wait until so many answers were asked for."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.prompts) >= requests, limit_s)

    @contextmanager
    def serving(self) -> Iterator["StreamingServer"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()


def _chunk(**fields: Any) -> bytes:
    return json.dumps({"object": "chat.completion.chunk", "model": MODEL, **fields}).encode()


def _messages(tokens: int) -> Iterator[bytes]:
    for number in range(tokens):
        delta = {"content": f" w{number}"}
        yield _chunk(choices=[{"index": 0, "delta": delta, "finish_reason": None}])
    yield _chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "length"}])
    usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": tokens + 9}
    yield _chunk(choices=[], usage=usage)
    yield b"[DONE]"


def _whole() -> dict[str, Any]:
    message = {"role": "assistant", "content": "w"}
    return {
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
    }
