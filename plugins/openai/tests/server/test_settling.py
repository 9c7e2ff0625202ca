"""Waiting for a server that still computes what nobody hears."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine
from benchrace_openai.server.settling import OneToken, settle

from ..stand_in import StandIn, backend, context, lane

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"
TRIAL = OneToken(path=CHAT, body={"max_tokens": 1})
VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="m 1"}} {busy}.0
vllm:num_requests_waiting{{engine="0",model_name="m 1"}} 0.0
vllm:generation_tokens_total{{engine="0"}} 512.0
vllm:num_requests_waiting_by_reason nan
"""


class Busy:
    """A server that is busy for the first `polls` questions about that."""

    def __init__(self, polls: int, **scripts: Callable[[bool], tuple[int, Any]]) -> None:
        self.polls = polls
        self.scripts = scripts
        self.paths: list[str] = []

    def __call__(self, path: str, body: Any) -> tuple[int, Any]:
        self.paths.append(path)
        script = self.scripts.get(path.strip("/").replace("/", "_"))
        if script is None:
            return 404, {"detail": "Not Found"}
        if path in ("/slots", "/metrics"):
            self.polls -= 1
        answer: tuple[int, Any] = script(self.polls >= 0)
        return answer


def slots(busy: bool) -> tuple[int, Any]:
    return 200, [{"is_processing": False}, {"is_processing": busy}]


def metrics(busy: bool) -> tuple[int, Any]:
    return 200, VLLM.format(busy=int(busy))


def one_token(busy: bool) -> tuple[int, Any]:
    return 200, {"choices": []}


async def lanes(server: Busy, engine: Engine) -> tuple[list[str], list[str]]:
    """Settle; gives the paths that were asked and what was logged."""
    async with StandIn(server).served() as served, context() as recording:
        client = OpenAIClient(backend({"base_url": served.url}).servers[0], recording)
        await settle(client, engine, TRIAL, recording)
        return server.paths, [message for _, message in recording.logs]


async def test_slots_are_asked_until_none_works() -> None:
    paths, logs = await lanes(Busy(3, slots=slots), Engine.LLAMA_SERVER)
    assert paths == ["/slots"] * 4
    assert logs == []


async def test_an_idle_server_costs_two_questions() -> None:
    paths, _ = await lanes(Busy(0, slots=slots), Engine.LLAMA_SERVER)
    assert paths == ["/slots"] * 2


async def test_gauges_are_asked_after_one_token() -> None:
    server = Busy(2, metrics=metrics, v1_chat_completions=one_token)
    paths, logs = await lanes(server, Engine.VLLM)
    assert paths.index(CHAT) < paths.index("/metrics")
    assert paths.count("/metrics") == 3
    assert logs == []


@pytest.mark.parametrize("engine", [Engine.GENERIC, Engine.LLAMA_SERVER])
async def test_a_server_that_tells_nothing_is_asked_for_one_token(engine: Engine) -> None:
    paths, logs = await lanes(Busy(0, v1_chat_completions=one_token), engine)
    assert CHAT in paths
    assert logs == []


async def test_a_server_that_stays_busy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchrace_openai.server.settling.LIMIT_S", 0.1)
    _, logs = await lanes(Busy(10**6, slots=slots), Engine.LLAMA_SERVER)
    assert len(logs) == 1
    assert "may still be busy" in logs[0]


async def test_a_refusal_is_said() -> None:
    _, logs = await lanes(Busy(0), Engine.GENERIC)
    assert "may still be busy" in logs[0]


def an_engine(busy: bool) -> tuple[int, Any]:
    return 200, {"object": "list", "data": [{"id": "m", "object": "model"}]}


async def test_a_server_of_an_earlier_job_is_asked_with_what_every_server_knows() -> None:
    server = StandIn(Busy(0, v1_models=an_engine, v1_chat_completions=one_token))
    async with server.served() as served, context() as recording:
        assert await backend({"base_url": served.url}).settle(lane(model="m"), recording)
        sent = [body for path, body in served.requests if path == CHAT]
    assert [sorted(body) for body in sent] == [["max_tokens", "messages", "model", "stream"]]
    assert recording.logs == []


async def test_a_server_of_an_earlier_job_that_stays_busy_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchrace_openai.server.settling.LIMIT_S", 0.1)
    server = StandIn(
        Busy(10**6, v1_models=an_engine, metrics=metrics, v1_chat_completions=one_token)
    )
    async with server.served() as served, context() as recording:
        assert not await backend({"base_url": served.url}).settle(lane(model="m"), recording)
    assert "may still be busy" in recording.logs[0][1]


@pytest.mark.parametrize("model", ["m", "other"])
async def test_a_model_or_a_server_that_is_gone_is_not_waited_for(model: str) -> None:
    server = StandIn(Busy(0, v1_models=an_engine))
    async with server.served() as served, context() as recording:
        backends = backend({"base_url": served.url}), backend({"base_url": "http://127.0.0.1:9"})
        lanes = lane(model="other"), lane(model=model)
        for one, other in zip(backends, lanes, strict=True):
            assert await one.settle(other, recording)
        assert CHAT not in [path for path, _ in served.requests]
    assert recording.logs == []
