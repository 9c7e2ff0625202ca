"""Records, locks and logs of services."""

import subprocess
from pathlib import Path

import pytest

from benchrace.cli.service.service import Service, agent_service, central_service, last_lines
from benchrace.errors import BenchraceError
from benchrace.store.journal import Journal
from tests.cli.conftest import Call


def test_a_service_lives_while_its_lock_is_held(tmp_path: Path) -> None:
    service = central_service(tmp_path)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    assert service.running() is None, "a record that was left behind"
    with Journal(service.lock):
        assert service.status().info["url"] == "http://x"
        service.record.write_text("{")
        assert service.running() is None
    assert agent_service(tmp_path, "m").status().running is False


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log, 3) == []
    log.write_bytes(b"".join(b"%d\n" % number for number in range(20_000)) + b"\xff\n")
    assert last_lines(log, 2) == ["19999", "�"]
    assert last_lines(log, 0) == []


def test_logs_are_printed_without_escapes(call: Call, data: Path) -> None:
    log = central_service(data).log
    log.parent.mkdir(parents=True)
    log.write_text("one\x1b[2J\ntwo\n")
    assert call("central", "logs").output == "one\ntwo\n"
    assert call("central", "logs", "-n", "1").output == "two\n"


def test_a_log_is_said_as_sentences(tmp_path: Path) -> None:
    service = central_service(tmp_path)
    service.log.parent.mkdir()
    service.log.write_text(
        "12:00 INFO a link is closed.\nbenchrace: the port is in use\n  Stop that program.\n"
    )
    assert service.start_failure(1).message == (
        "central exited with code 1: the port is in use. Stop that program"
    )


class Late:
    """A process that does not listen, and that ends at SIGTERM only where it is told to."""

    def __init__(self, *, stays: bool) -> None:
        self.stays = stays
        self.signals: list[str] = []

    def poll(self) -> None:
        """Return None, as a process that runs."""

    def terminate(self) -> None:
        self.signals.append("SIGTERM")

    def kill(self) -> None:
        self.signals.append("SIGKILL")

    def wait(self, limit_s: float | None = None) -> None:
        if limit_s is not None and self.stays:
            raise subprocess.TimeoutExpired("late", limit_s)


@pytest.mark.parametrize(
    ("stays", "signals"), [(False, ["SIGTERM"]), (True, ["SIGTERM", "SIGKILL"])]
)
def test_a_late_start_can_end_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: bool, signals: list[str]
) -> None:
    late = Late(stays=stays)
    monkeypatch.setattr(Service, "spawn", lambda *_, **__: late)
    monkeypatch.setattr(Service, "wait", lambda *_: None)
    with pytest.raises(BenchraceError, match="did not start in time"):
        central_service(tmp_path).start(["central"])
    assert late.signals == signals
