"""A job of any backend waits for an Ollama that an earlier job left at work."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.events import Log, RoundStart
from benchrace.protocol.job import UnsettledLane
from benchrace.testing import JobResult, job_lane, job_order, job_spec, plugin_ref
from benchrace.testing.job import run_order

pytestmark = pytest.mark.slow

PLUGINS = [plugin_ref("benchrace.testing.scripted"), plugin_ref("benchrace_ollama.plugin")]


@contextmanager
def prompt(stand_in: Any, words: int) -> Iterator[None]:
    """Ask as a worker does that is killed while the prompt is evaluated."""
    stand_in.post("/api/generate", model="tiny", prompt="")
    count = len(stand_in.requests)
    body = msgspec.json.encode({"model": "tiny", "prompt": "bako " * words, "stream": True})
    head = f"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stand_in.port)) as client:
        client.sendall(head.encode() + body)
        while len(stand_in.requests) == count:
            pass
    yield


def job(stand_in: Any, folder: Path, model: str) -> JobResult:
    spec = job_spec("scripted", [job_lane(0, "scripted")], rounds=1, warmup=0)
    order = job_order(spec, folder, PLUGINS, {"ollama": {"base_url": stand_in.url}})
    lane = job_lane(0, "ollama", {"model": model, "prompt": "hello", "max_tokens": 8})
    left = UnsettledLane(job_id="j" + "1" * 16, kind="llm_generate", lane=lane)
    return run_order(msgspec.structs.replace(order, unsettled=(left,)))


def warnings(done: JobResult) -> list[str]:
    logs = [event.payload for event in done.of(Log)]
    return [log.message for log in logs if log.level != "info"]


def test_a_job_of_another_backend_begins_once_the_engine_is_idle(
    stand_in: Any, tmp_path: Path
) -> None:
    stand_in.tell(model="tiny", prefill_ms=20.0, batch_ms=1500.0)
    with prompt(stand_in, 100):
        done = job(stand_in, tmp_path, "tiny")
    assert stand_in.requests[-1]["prompt"] == "."
    (start,) = done.of(RoundStart)
    assert start.t_ns > 1_000_000_000
    assert warnings(done) == []


@pytest.mark.parametrize("model", ["tiny", "absent"])
def test_nothing_is_loaded_to_see_that_nothing_runs(
    stand_in: Any, tmp_path: Path, model: str
) -> None:
    done = job(stand_in, tmp_path, model)
    assert done.of(RoundStart)
    assert warnings(done) == []
    assert stand_in.requests == stand_in.resident == []


def test_an_engine_that_is_gone_is_not_waited_for(stand_in: Any, tmp_path: Path) -> None:
    stand_in.kill()
    assert warnings(job(stand_in, tmp_path, "tiny")) == []
