"""What real Ollamas said, read by the backend through the real stream reader."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest

from benchrace.kinds import LLM
from benchrace.plugin import BenchraceError, Category, Lane
from benchrace.testing import RecordingContext
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, serving
from benchrace.worker.job.verdict import numbers
from benchrace_ollama.backend import Ollama
from benchrace_ollama.config import OllamaConfig
from benchrace_ollama.errors import refusal
from benchrace_ollama.params import GenerateOptions

NEW, OLD = "0.33.0-rc2", "0.24.0"
LINES = 40


class Told(NamedTuple):
    """What an answer must come to: chunks, counts, and the steps of decoding with their ns."""

    content: int
    output: int
    prompt: int
    finish: str = "length"
    unseen: int = 0
    decode_ns: int | None = None


ANSWERS = {
    (NEW, "ollama-generate", "cold: model not loaded"): Told(32, 32, 119, decode_ns=42_511_000),
    (NEW, "ollama-generate", "same prompt again (prompt cache)"): Told(
        32, 32, 119, decode_ns=67_768_000
    ),
    (NEW, "ollama-generate", "num_predict 1"): Told(1, 1, 122),
    (NEW, "ollama-generate", "num_predict 2"): Told(2, 2, 122, decode_ns=1_557_000),
    (NEW, "ollama-generate", "raw"): Told(32, 32, 103, decode_ns=26_669_000),
    (NEW, "ollama-generate", "stop string"): Told(3, 3, 119, "stop", decode_ns=1_749_000),
    (NEW, "ollama-generate-ends", "ends by itself (temperature 2, top_k 0, top_p 1, seed 3)"): Told(
        117, 118, 119, "stop", 1, 93_329_000
    ),
    (NEW, "ollama-generate-ends", "num_predict 5 reached: length"): Told(
        5, 5, 119, decode_ns=5_283_000
    ),
    (NEW, "ollama-chat", "cold"): Told(16, 16, 119, decode_ns=14_075_000),
    (NEW, "ollama-chat", "thinking template, think true"): Told(6, 6, 125, decode_ns=16_501_999),
    (NEW, "ollama-timing", "mid, cold"): Told(32, 32, 119, decode_ns=1_305_684_000),
    (NEW, "ollama-timing", "mid, num_predict 2"): Told(2, 2, 122, decode_ns=42_303_000),
    (OLD, "ollama-0.24-generate", "num_predict 1"): Told(1, 1, 122),
    (OLD, "ollama-0.24-generate", "stop string"): Told(3, 3, 119, "stop", decode_ns=18_473_816),
    (OLD, "ollama-0.24-timing", "small, cold"): Told(32, 32, 119, decode_ns=792_681_416),
}
FAILURES = {
    (
        NEW,
        "ollama-generate-ends",
        "the same token forced by a JSON schema: the stream stops after 31 equal pieces",
    ): (Category.ENDED_EARLY, "31 times", 32),
    (NEW, "ollama-generate-ends", "the same, /api/chat"): (Category.ENDED_EARLY, "31 times", 32),
    (NEW, "ollama-runner-killed", "SIGKILL of the runner after line 5, /api/generate"): (
        Category.STREAM_ERROR,
        "Ollama's log",
        5,
    ),
    (NEW, "ollama-runner-killed", "SIGKILL of the runner after line 5, /api/chat"): (
        Category.STREAM_ERROR,
        "Ollama's log",
        5,
    ),
    (NEW, "ollama-server-killed", "SIGKILL to the server after line 5, /api/generate"): (
        Category.ENDED_EARLY,
        "log",
        5,
    ),
    (OLD, "ollama-0.24-runner-killed", "SIGKILL of the runner after line 5, /api/generate"): (
        Category.STREAM_ERROR,
        "Ollama's log",
        5,
    ),
}
REFUSALS = {
    "the same, truncate false": (Category.VALIDATION, "Raise num_ctx"),
    "think true on a model without thinking": (Category.VALIDATION, "think"),
    "unknown model": (Category.MISSING_MODEL, "ollama pull nomodel"),
    "request 4 (tiny-eos)": (Category.BUSY, "OLLAMA_MAX_QUEUE"),
    "SIGKILL of the runner 1 s into the evaluation of a long prompt": (
        Category.STREAM_ERROR,
        "Ollama's log",
    ),
    "SIGKILL of the runner while it loads": (Category.STREAM_ERROR, "Ollama's log"),
    "num_predict a string": (Category.STREAM_ERROR, "Ollama's log"),
    "foreign Host header": (Category.UNREACHABLE, "OLLAMA_ORIGINS"),
}


@cache
def recorded(version: str) -> list[dict[str, Any]]:
    path = Path(__file__).with_name("recordings") / f"ollama-{version}.json"
    exchanges: list[dict[str, Any]] = json.loads(path.read_text())["exchanges"]
    return exchanges


def exchange(version: str, source: str, name: str) -> dict[str, Any]:
    (entry,) = (
        recording
        for recording in recorded(version)
        if (recording["from"], recording["name"]) == (source, name)
    )
    return entry


def whole(lines: list[Any], left_out: int) -> list[Any]:
    """Put back as many lines as were taken out, each like the one before the gap."""
    if not left_out:
        return lines
    middle = (len(lines) - 1) // 2
    before, after = lines[:middle], lines[middle:]
    gap = (after[0][0] - before[-1][0]) / (left_out + 1)
    more = [(before[-1][0] + gap * (i + 1), before[-1][1]) for i in range(left_out)]
    return [*before, *more, *after]


@asynccontextmanager
async def played(
    recording: dict[str, Any], version: str, *, sent_s: list[float] | None = None
) -> AsyncIterator[Callable[[], Any]]:
    """Serve a recorded answer as the answer of a round, at once.

    With `sent_s` at the recorded distances; it gets the times at which the lines were sent.
    """
    lines = whole(recording["lines"], recording.get("left_out", 0))
    thinks = ["completion", "thinking"] if recording["request"]["path"] == "/api/chat" else []
    control: dict[bytes, Any] = {
        b"/api/version": {"version": version},
        b"/api/tags": {"models": [{"name": "tiny:latest", "digest": "d"}]},
        b"/api/ps": {"models": [{"name": "tiny:latest", "digest": "d", "context_length": 4096}]},
        b"/api/show": {"capabilities": thinks},
    }

    async def answer(peer: Peer, request: Request) -> None:
        path = request.head.split(b" ")[1]
        if path in control or not json.loads(request.body)["stream"]:
            body = json.dumps(control.get(path, {"done": True, "done_reason": "load"})).encode()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        await peer.say(CHUNKED)
        began = anyio.current_time() + 0.02 - lines[0][0]
        for at, text in lines:
            if sent_s is not None:
                await anyio.sleep(max(0.0, began + at - anyio.current_time()))
                sent_s.append(anyio.current_time())
            await peer.chunk(f"{text}\n".encode())
        if recording["end"] == "complete":
            await peer.say(LAST)
        else:
            await peer.close()

    async with serving(answer) as served:
        context = RecordingContext([metric.name for metric in LLM.metrics])
        params = GenerateOptions(model="tiny", max_tokens=max(LINES, len(lines)))
        lane = Lane(lane_id="l", label="l", kind="llm_generate", params=params)
        backend = Ollama(OllamaConfig(base_url=served.url))
        await backend.open(lane, context)
        context.begin()

        async def once() -> Any:
            record = await backend.round(lane, context)
            derived = numbers(LLM, record, lane.params, ())
            return record, {number.metric: number for number in derived}

        try:
            yield once
        except BenchraceError as error:
            error.add_note(str(len(context.tokens)))
            raise
        finally:
            await context.aclose()


@pytest.mark.parametrize("key", ANSWERS, ids=str)
async def test_a_recorded_answer_gives_the_numbers_that_it_holds(key: tuple[str, str, str]) -> None:
    wanted, recording = ANSWERS[key], exchange(*key)
    async with played(recording, key[0]) as once:
        record, metrics = await once()
    answer = record.answer
    assert (answer.content, answer.finish) == (wanted.content, wanted.finish)
    assert (answer.usage.output, answer.usage.prompt) == (wanted.output, wanted.prompt)
    assert (answer.usage.unseen, answer.usage.cached) == (wanted.unseen, None)
    assert answer.times.decode_ns == wanted.decode_ns
    engine = metrics["engine_gen_tokens_per_s"]
    if wanted.decode_ns is None:
        assert engine.value is None
    else:
        assert engine.value == pytest.approx((wanted.output - 1) / wanted.decode_ns * 1e9)
    assert metrics["prefill_tokens_per_s"].value is None


def streams() -> list[Any]:
    """All recorded answers that came to their end."""
    names = []
    for version in (NEW, OLD):
        for entry in recorded(version):
            last = entry["lines"][-1][1] if entry["lines"] else ""
            if '"done":true' in last and "prompt_eval_count" in last and len(entry["lines"]) > 1:
                names.append(pytest.param(version, entry, id=f"{version}: {entry['name']}"))
    return names


@pytest.mark.slow
@pytest.mark.parametrize(("version", "recording"), streams())
async def test_every_recorded_answer_is_read(version: str, recording: dict[str, Any]) -> None:
    async with played(recording, version) as once:
        answer = (await once())[0].answer
    last = json.loads(recording["lines"][-1][1])
    assert answer.content == len(recording["lines"]) + recording.get("left_out", 0) - 1
    assert answer.usage.prompt == last["prompt_eval_count"]
    assert answer.usage.output == last["eval_count"] == answer.content + answer.usage.unseen
    assert answer.times.load_ns == last["load_duration"]
    assert answer.times.prefill_ns == last["prompt_eval_duration"]
    assert answer.times.total_ns == last["total_duration"]
    assert (answer.times.decode_ns is None) is (last["eval_count"] == 1)
    assert answer.finish == last["done_reason"]
    thought = any("thinking" in text for _, text in recording["lines"])
    assert (answer.first_ns != answer.output_ns) is thought


def test_there_are_enough_of_them() -> None:
    assert len(streams()) > 30


@pytest.mark.slow
async def test_the_engines_rate_is_the_clients() -> None:
    """31 steps: 1.3057 s by Ollama, 1.3036 s by the lines; with n over n - 1 it were 3 % more."""
    recording = exchange(NEW, "ollama-timing", "mid, cold")
    sent_s: list[float] = []
    async with played(recording, NEW, sent_s=sent_s) as once:
        metrics = (await once())[1]
    client, engine = metrics["gen_tokens_per_s"], metrics["engine_gen_tokens_per_s"]
    assert engine.value == pytest.approx(31 / 1.305684)
    # A busy machine sends them later than recorded; the rate is that of what was sent.
    assert client.value == pytest.approx(31 / (sent_s[-2] - sent_s[0]), rel=0.02)
    lines = recording["lines"]
    assert engine.value == pytest.approx(31 / (lines[-2][0] - lines[0][0]), rel=0.02)


@pytest.mark.parametrize("key", FAILURES, ids=str)
async def test_a_recorded_failure_is_one(key: tuple[str, str, str]) -> None:
    category, remedy, text = FAILURES[key]
    with pytest.raises(BenchraceError) as raised:
        async with played(exchange(*key), key[0]) as once:
            await once()
    assert raised.value.category is category
    assert remedy in raised.value.remedy
    assert raised.value.__notes__ == [str(text)]


@pytest.mark.parametrize("name", REFUSALS)
def test_a_recorded_refusal_means_something(name: str) -> None:
    category, remedy = REFUSALS[name]
    refusals = [entry for entry in [*recorded(NEW), *recorded(OLD)] if entry["name"] == name]
    assert refusals
    for entry in refusals:
        text = entry["lines"][0][1] if entry["lines"] else ""
        error = refusal(entry["status"], text)
        assert error.category is category
        assert remedy in error.remedy
