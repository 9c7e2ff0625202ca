"""`benchrace agent callbacks`, against an agent that answers as it is told."""

import json
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from benchrace.api.jobs import CallbackStatus, RetryRequest
from benchrace.cli.agent import callbacks as command

GIVEN_UP = CallbackStatus(
    id=7,
    job_id="j0000000000000001",
    event="job.completed",
    url="https://hooks.example/done",
    sequence=3,
    idempotency_key="j0000000000000001-completed",
    state="given_up",
    attempts=12,
    queued_at=1.0,
    tried_at=2.0,
    next_at=None,
    status=None,
    reason="the receiver answered 500\x1b[31m",
)
ARRIVED = msgspec.structs.replace(GIVEN_UP, id=8, state="delivered", reason=None)


class FakeAgent:
    def __init__(self, *listed: CallbackStatus) -> None:
        self.listed = listed
        self.sent: list[RetryRequest] = []

    def __enter__(self) -> "FakeAgent":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, path: str) -> Any:
        assert path == "/api/v1/callbacks"
        return {"callbacks": msgspec.to_builtins(self.listed)}

    def post(self, path: str, body: RetryRequest) -> Any:
        assert path == "/api/v1/callbacks/retry"
        self.sent.append(body)
        return {"retried": len(self.listed)}

    def convert(self, value: Any, kind: Any) -> Any:
        return msgspec.convert(value, kind)


def called(monkeypatch: pytest.MonkeyPatch, agent: FakeAgent, *args: str) -> str:
    monkeypatch.setattr(command, "running_agent", lambda *_: agent)
    result = CliRunner().invoke(command.callbacks, args)
    assert result.exit_code == 0, result.output
    return result.output


def test_what_has_not_arrived_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = FakeAgent(GIVEN_UP, ARRIVED)
    shown = called(monkeypatch, agent, "list", "--json")
    assert [entry["id"] for entry in json.loads(shown)["callbacks"]] == [7]
    shown = called(monkeypatch, agent, "list", "--all", "--json")
    assert [entry["id"] for entry in json.loads(shown)["callbacks"]] == [7, 8]
    table = called(monkeypatch, agent, "list")
    assert "given_up" in table
    assert "\x1b" not in table
    assert "No undelivered callbacks." in called(monkeypatch, FakeAgent(ARRIVED), "list")


def test_failed_ones_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = FakeAgent(GIVEN_UP)
    assert "sending again: 1" in called(monkeypatch, agent, "retry", "7", "9")
    called(monkeypatch, agent, "retry", "--job", "j1", "--json")
    assert agent.sent == [RetryRequest(ids=(7, 9)), RetryRequest(job_id="j1")]
    assert "Nothing to send again" in called(monkeypatch, FakeAgent(), "retry")
