"""A health check notices a service that runs and does not answer."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from benchrace.cli.agent.health import agent_health
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.http import TransportError
from benchrace.cli.service import answering
from benchrace.cli.service.answering import why_silent
from benchrace.cli.service.service import Record, agent_service, central_service
from benchrace.errors import BenchraceError, Category
from benchrace.store.journal import Journal
from tests.cli.conftest import Call


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def record(port: int) -> Record:
    return Record(url=f"http://127.0.0.1:{port}", pid=1, instance="i", version="v")


def test_the_status_can_ask_whether_it_answers(call: Call, data: Path) -> None:
    service = central_service(data)
    data.mkdir()
    with Journal(service.lock):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            service.record.write_bytes(msgspec.json.encode(record(silent.getsockname()[1])))
            assert call("central", "status").exit_code == 0
            checked = call("central", "status", "--check")
            assert (checked.exit_code, "does not answer: " in checked.output) == (1, True)
        with HTTPServer(("127.0.0.1", 0), Health) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            service.record.write_bytes(msgspec.json.encode(record(server.server_port)))
            assert call("central", "status", "--check").exit_code == 0
            server.shutdown()


def test_one_that_accepts_and_says_nothing_is_not_waited_for(
    call: Call, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_ANSWER_S", 0.05)
    folder = data / "agents"
    folder.mkdir(parents=True)
    service = agent_service(data, "named")
    with Journal(service.lock), socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        service.record.write_bytes(msgspec.json.encode(record(silent.getsockname()[1])))
        # The health check of a container does not know the machine's name.
        checked = call("agent", "status", "--check")
    assert (checked.exit_code, checked.output.count("\n")) == (1, 2)
    assert "health: does not answer: timed out" in checked.output


def test_the_one_agent_that_runs_is_meant(data: Path) -> None:
    default, first, second = (agent_service(data, name) for name in ("m", "first", "second"))
    default.lock.parent.mkdir(parents=True)
    assert answering.only_running(default) is default
    with Journal(first.lock):
        assert answering.only_running(default) == first
        with Journal(second.lock):
            assert answering.only_running(default) is default
    assert answering.only_running(central_service(data)) == central_service(data)


def test_an_agent_that_does_not_answer_is_called_so(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = record(closed.getsockname()[1]).url
        with pytest.raises(BenchraceError, match=f"the agent at {url} does not answer: ") as e:
            agent_health(record(closed.getsockname()[1]), tmp_path / "log")
    assert e.value.remedy == f"See its log: {tmp_path / 'log'}"


def test_one_that_requires_a_client_certificate_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BenchraceError(Category.UNREACHABLE, "required") from TransportError("required", "do")

    monkeypatch.setattr(Client, "get", refuse)
    assert why_silent(record(1)) is None
