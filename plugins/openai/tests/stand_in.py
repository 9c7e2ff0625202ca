"""A server that answers control requests from a table, and records them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace.testing.server import Peer, Request, serving
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.params import GenerateOptions

Answers = Callable[[str, Any], tuple[int, Any]]


class StandIn:
    """A scripted server; `answers(path, body)` returns a status and JSON, or text."""

    def __init__(self, answers: Answers, header: str = "") -> None:
        self.answers = answers
        self.header = header
        self.requests: list[tuple[str, Any]] = []
        self.heads: list[str] = []
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator["StandIn"]:
        async with serving(self._say) as served:
            self.url = served.url
            yield self

    async def _say(self, peer: Peer, request: Request) -> None:
        head = request.head.decode()
        path, body = head.split(" ")[1], json.loads(request.body) if request.body else None
        self.requests.append((path, body))
        self.heads.append(head)
        status, answer = self.answers(path, body)
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        reply = f"HTTP/1.1 {status} OK\r\nServer: {self.header}\r\nContent-Length: {len(data)}\r\n"
        await peer.say(f"{reply}Content-Type: application/json\r\n\r\n".encode() + data)


def table(routes: dict[str, Any]) -> Answers:
    """Return answers for the given paths, and 404 for all others."""

    def answers(path: str, body: Any) -> tuple[int, Any]:
        if path in routes:
            return 200, routes[path]
        return 404, {"detail": "Not Found"}

    return answers


def lane(**params: Any) -> Lane[GenerateOptions]:
    return Lane(lane_id="l", label="l", kind="llm_generate", params=GenerateOptions(**params))


@asynccontextmanager
async def context() -> AsyncIterator[RecordingContext]:
    recording = RecordingContext()
    try:
        yield recording
    finally:
        await recording.aclose()


def backend(config: Any) -> OpenAIBackend:
    """Return a backend as a worker creates it, from plain values."""
    from benchrace.worker.params import configuration

    return OpenAIBackend(configuration(config, OpenAIBackend.config))
