"""A stand-in central for the page: one endless race of text, sent as central sends it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve as run_server
from hypercorn.config import Config, Sockets
from quart import Quart, Response

from benchrace.central.api.page import POLICY
from benchrace.web.sse import FRAME_S

KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html",
}
TEXT = (
    "The race begins where every lane has drawn a breath and, at one instant, lets go.\n"
    "What is said here means nothing; it is only as long as the lines of an answer are, some of "
    "which go on for longer than a pane is wide and have to be broken.\n\n```python\n"
    "for lane in lanes:\n    print(lane.label, lane.rate)\n```\n"
)
WORDS = TEXT.replace(" ", " \0").split("\0")
SAMPLES_S = 0.5
ROUND_S = 20.0
FIRST_TOKEN_S = 0.4
RATE = {
    "name": "gen_tokens_per_s",
    "title": "Decode rate",
    "unit": "tok/s",
    "better": "higher",
    "estimator": "ratio",
    "headline": True,
    "formula": "(N_out - n_1) / (t_last - t_first)",
}


def serve(ready: Connection, page: str, lanes: int, rate: float) -> None:
    """Serve until killed; sends its port."""
    asyncio.run(_serve(ready, Path(page), lanes, rate))


async def _serve(ready: Connection, page: Path, lanes: int, rate: float) -> None:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    sockets: Sockets = config.create_sockets()
    config.create_sockets = lambda: sockets  # type: ignore[method-assign]
    ready.send(sockets.insecure_sockets[0].getsockname()[1])
    await run_server(app(page, lanes, rate), config)


def app(page: Path, lanes: int, rate: float) -> Quart:
    """Create the server with the few routes that the page of one race requests."""
    server = Quart(__name__, static_folder=None)
    files = {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.is_file()}
    race = Race(lanes, rate)

    @server.get("/api/runs/text")
    async def run() -> dict[str, Any]:
        return race.document()

    @server.get("/api/runs/text/events")
    async def events() -> Response:
        answer = Response(race.frames(), content_type="text/event-stream")
        answer.timeout = None
        return answer

    @server.get("/api/session")
    async def session() -> dict[str, Any]:
        return {"asks": False, "right": "operate", "watch": "nobody", "expires_at": None}

    @server.get("/<path:name>")
    async def file(name: str) -> Response:
        body = files.get(name) or files["index.html"]
        kind = KINDS.get(body.suffix, "application/octet-stream")
        headers = {"Content-Security-Policy": POLICY}
        return Response(body.read_bytes(), content_type=kind, headers=headers)

    return server


WORKLOAD = {
    "kind": "llm_generate",
    "title": "Generate text",
    "metrics": [RATE],
    "presets": {},
    "automatic": None,
    "drawing": "text",
    "together": False,
    "params_schema": {"type": "object", "properties": {}},
}
# A run that is under way, but for its lanes and its times.
BLANK: dict[str, Any] = {
    "run_id": "text",
    "ended_at": None,
    "spec": {"kind": "llm_generate"},
    "state": "running",
    "kind": "llm_generate",
    "order": "contiguous",
    "rounds": 100,
    "warmup": 1,
    "left_out": [],
    "workloads": {"text": WORKLOAD},
    "automatic": None,
    "name": "Sixteen lanes",
    "tags": [],
    "notes": None,
    "staggered": False,
    "failure": None,
    "epoch": 0,
    "offset": 0,
    "heats": [],
    "standing": None,
    "winner": None,
    "winner_reason": None,
}


class Race:
    """Lanes that write side by side, round after round."""

    def __init__(self, lanes: int, rate: float) -> None:
        self._rates = [rate * (1 - 0.005 * index) for index in range(lanes)]
        self._ids = [f"l{index}" for index in range(lanes)]
        self._seqs: dict[tuple[str, str], int] = {}
        self._sent = [0] * lanes
        self._rounds = [0] * lanes
        self._begun = time.monotonic()
        self._started = [0.0] * lanes
        self._results: list[list[dict[str, Any]]] = [[] for _ in range(lanes)]

    def document(self) -> dict[str, Any]:
        """Return the run as central would."""
        machines = {
            f"m{index}": {"machine_id": f"m{index}", "label": f"machine {index}"}
            for index in range(len(self._ids))
        }
        now = time.time()
        return {
            **BLANK,
            "created_at": now,
            "started_at": now,
            "lanes": [self._lane_document(index) for index in range(len(self._ids))],
            "machines": machines,
        }

    def _lane_document(self, index: int) -> dict[str, Any]:
        return {
            "lane_id": self._ids[index],
            "label": f"model {index} q{index % 8}",
            "machine_id": f"m{index}",
            "backend": "text",
            "params": {},
            "job_id": f"j{index}",
            "counted": 0,
            "discarded": 0,
            "verdict": None,
            "marks": [],
            "error": None,
            "summary": {},
            "rounds": self._results[index],
        }

    async def frames(self) -> AsyncIterator[bytes]:
        """Yield all lines that are due, one message per frame."""
        yield self._message([self._line("run_lifecycle", {"phase": "run_start"})])
        sampled = 0.0
        due = time.monotonic()
        while True:
            now = time.monotonic()
            lines = [line for index in range(len(self._ids)) for line in self._lane(index, now)]
            if now - sampled >= SAMPLES_S:
                sampled = now
                lines += [self._sample(index) for index in range(len(self._ids))]
            if lines:
                yield self._message(lines)
            due = max(due + FRAME_S, now)
            await asyncio.sleep(due - time.monotonic())

    def _lane(self, index: int, now: float) -> Iterator[str]:
        line = partial(self._line, index=index)
        if self._started[index] == 0.0:
            self._started[index] = now
            self._sent[index] = 0
            yield line("round_start", {"warmup": self._rounds[index] == 0, "heat": None})
        since = now - self._started[index]
        due = int(max(0.0, min(since, ROUND_S) - FIRST_TOKEN_S) * self._rates[index])
        for token in range(self._sent[index], due):
            yield line("llm_token", {"text": WORDS[token % len(WORDS)]})
        self._sent[index] = due
        if since >= ROUND_S:
            yield line("round_done", self._done(index, since))
            self._rounds[index] += 1
            self._started[index] = 0.0

    def _done(self, index: int, since: float) -> dict[str, Any]:
        measured = [{"metric": RATE["name"], "value": self._rates[index]}]
        verdict = {"level": "VALID", "reasons": []}
        done = {
            "warmup": self._rounds[index] == 0,
            "heat": None,
            "elapsed_ns": int(since * 1e9),
            "measured": measured,
            "error": None,
        }
        stored = {"round": self._rounds[index], "verdict": "VALID", "reasons": []}
        self._results[index].append(done | stored)
        return done | {"verdict": verdict, "metrics_version": 1}

    def _sample(self, index: int) -> str:
        gpu = {
            "index": 0,
            "utilization_percent": 80 + index,
            "memory_used_bytes": 9 << 30,
            "memory_total_bytes": 24 << 30,
            "power_w": 200.0 + time.monotonic() % 40,
        }
        taken = {
            "cpu_percent": 10 + time.monotonic() % 20,
            "memory_used_bytes": 14 << 30,
            "memory_total_bytes": 64 << 30,
            "gpus": [gpu],
        }
        return self._line("runtime_sample", taken, index=index, stream="agent")

    def _line(
        self, kind: str, payload: dict[str, Any], *, index: int | None = None, stream: str = "work"
    ) -> str:
        job = "" if index is None else f"j{index}"
        seq = self._seqs.get((job, stream), 0)
        self._seqs[job, stream] = seq + 1
        central = index is None
        return json.dumps({
            "type": kind, "run_id": "text", "job_id": None if central else job,
            "machine_id": None if central else f"m{index}",
            "lane_id": None if central or stream == "agent" else f"l{index}",
            "round": None if index is None else self._rounds[index],
            "stream": "central" if central else stream, "seq": seq,
            "t_ns": int((time.monotonic() - self._begun) * 1e9), "timestamp_s": time.time(),
            "payload": payload,
        }, separators=(",", ":"))  # fmt: skip

    def _message(self, lines: list[str]) -> bytes:
        return ("id: 0-1\n" + "".join(f"data: {line}\n" for line in lines) + "\n").encode()
