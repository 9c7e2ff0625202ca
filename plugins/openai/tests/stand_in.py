"""A server that answers control calls from a table, and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace.testing.server import Asked, Peer, serving
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.options import GenerateOptions

Answers = Callable[[str, Any], tuple[int, Any]]


class StandIn:
    """`answers(path, body)` gives status and JSON; `header` is the Server header."""

    def __init__(self, answers: Answers, header: str = "") -> None:
        self.answers = answers
        self.header = header
        self.asked: list[tuple[str, Any]] = []
        self.heads: list[str] = []
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator["StandIn"]:
        async with serving(self._say) as served:
            self.url = served.url
            yield self

    async def _say(self, peer: Peer, asked: Asked) -> None:
        head = asked.head.decode()
        path, body = head.split(" ")[1], json.loads(asked.body) if asked.body else None
        self.asked.append((path, body))
        self.heads.append(head)
        status, answer = self.answers(path, body)
        data = json.dumps(answer).encode()
        said = f"HTTP/1.1 {status} Said\r\nServer: {self.header}\r\nContent-Length: {len(data)}\r\n"
        await peer.say(f"{said}Content-Type: application/json\r\n\r\n".encode() + data)


def table(known: dict[str, Any]) -> Answers:
    """Answer paths by name; 404 for all else."""

    def answers(path: str, body: Any) -> tuple[int, Any]:
        if path in known:
            return 200, known[path]
        return 404, {"detail": "Not Found"}

    return answers


def lane(**params: Any) -> Lane[GenerateOptions]:
    return Lane(lane_id="l", label="l", kind="llm_generate", params=GenerateOptions(**params))


@asynccontextmanager
async def context() -> AsyncIterator[RecordingContext]:
    made = RecordingContext()
    try:
        yield made
    finally:
        await made.aclose()


def backend(config: Any) -> OpenAIBackend:
    """Make a backend as a worker does, from plain values."""
    from benchrace.worker.params import configuration

    return OpenAIBackend(configuration(config, OpenAIBackend.config))
