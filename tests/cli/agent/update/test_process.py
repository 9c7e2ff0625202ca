"""How the agent that is updated was started, and so is started again."""

import os
from pathlib import Path

import msgspec
import pytest

from benchrace.cli.agent.update import process as module
from benchrace.cli.agent.update.process import (
    InBackground,
    NotRunning,
    Started,
    arguments,
    find_process,
)
from benchrace.cli.service.service import Record, Service, agent_service
from benchrace.errors import BenchraceError
from benchrace.store.journal import Journal
from tests.cli.conftest import Call

OWN = ["--log-file", "/data/log", "--token-fd", "5"]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    service = agent_service(tmp_path, "m")
    service.lock.parent.mkdir(parents=True)
    record = Record(url="http://x", pid=1, instance="i", version="v")
    service.record.write_bytes(msgspec.json.encode(record))
    return service


def test_an_agent_gets_its_options_again_without_log_and_pipe() -> None:
    words = ["/bin/python", "-m", "benchrace.cli", "agent", "--central", "http://c", *OWN]
    assert arguments(words) == ["agent", "--central", "http://c"]


@pytest.mark.parametrize(
    ("words", "token", "why"),
    [
        (["benchrace", "agent"], None, "is in the foreground"),
        (["python", "agent", *OWN[:2], "--parent-fd", "3"], None, "belongs to a running command"),
        (["python", "agent", *OWN], None, "a token that is stored nowhere"),
        (["python", "agent", *OWN], "the token", None),
        (["python", "agent", *OWN[:2]], None, None),
    ],
)
def test_an_agent_that_cannot_be_started_again_is_refused(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    token: str | None,
    why: str | None,
) -> None:
    monkeypatch.setattr(module, "_started", lambda pid: Started(words, "/", {}))
    with Journal(service.lock):
        if why is None:
            assert isinstance(find_process(service, token), InBackground)
            return
        with pytest.raises(BenchraceError, match=why):
            find_process(service, token)


def test_without_an_agent_the_new_version_is_asked_for(service: Service) -> None:
    process = find_process(service, None)
    assert isinstance(process, NotRunning)
    assert process.start() is None


def test_it_starts_where_and_with_what_it_had(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned: list[dict[str, object]] = []

    def start(_: Service, words: list[str], token: str | None, **surroundings: object) -> None:
        spawned.append({"words": words, **surroundings})

    monkeypatch.setattr(Service, "start", start)
    started = Started(["python", "agent", "--label", "M", *OWN[:2]], "/srv", {"HOME": "/home/m"})
    process = InBackground(service, started, None)
    with Journal(service.lock):
        assert process.start().pid == 1
    assert spawned == [
        {"words": ["agent", "--label", "M"], "cwd": "/srv", "env": {"HOME": "/home/m"}}
    ]
    with pytest.raises(BenchraceError, match="ended right after it had started"):
        process.start()


def test_the_surroundings_of_a_process_are_read() -> None:
    started = module._started(os.getpid())
    assert started.cwd == str(Path.cwd())
    assert started.words
    with pytest.raises(BenchraceError, match="cannot be read"):
        module._started(-1 & 0x3FFFFFFF)


def test_one_source_is_required(call: Call) -> None:
    for words in ((), ("a.whl", "--from-central"), ("--from-central", "--version", "1")):
        done = call("agent", "update", *words)
        assert (done.exit_code, "give wheel files" in done.stderr) == (2, True)
    for option, why in (("--sha256", "is for wheel files"), ("--also", "is for --from-index")):
        done = call("agent", "update", "--from-central", option, "x")
        assert (done.exit_code, why in done.stderr) == (2, True)
