"""Listening sockets are found with their processes, and among many other connections."""

import os
import socket
import sys

import psutil
import pytest

from benchrace.plugin.engine import listeners as module
from benchrace.plugin.engine.listeners import Listener, listeners

linux = pytest.mark.skipif(sys.platform != "linux", reason="only root may read them elsewhere")


def server(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("platform", ["linux", "any other"])
def test_a_listener_has_its_address_and_process(
    monkeypatch: pytest.MonkeyPatch, host: str, platform: str
) -> None:
    monkeypatch.setattr(module.sys, "platform", platform)  # type: ignore[attr-defined]
    with server(host) as listening:
        port = listening.getsockname()[1]
        assert listeners(port) == [Listener(host, os.getpid())]
    assert listeners(port) == []


@linux
def test_a_connection_is_no_listener() -> None:
    with server("127.0.0.1") as listening, socket.create_connection(listening.getsockname()) as one:
        assert listeners(one.getsockname()[1]) == []


@linux
def test_where_several_processes_have_a_socket_one_is_named() -> None:
    with server("127.0.0.1") as listening:
        fd = listening.fileno()
        command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
        with psutil.Popen(command, pass_fds=[fd], stdin=-1, stdout=-1) as heir:
            heir.stdout.readline()
            (listener,) = listeners(listening.getsockname()[1])
            assert listener.pid == max(heir.pid, os.getpid())
            heir.kill()


@linux
@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_files_of_a_process_that_ends_are_passed_over(
    monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    readlink = os.readlink
    refused: list[str] = []

    def ending(path: str) -> str:
        if not refused:
            refused.append(path)
            raise error(path)
        return readlink(path)

    with server("127.0.0.1") as listening:
        monkeypatch.setattr(os, "readlink", ending)
        assert listeners(listening.getsockname()[1])[0].pid == os.getpid()
    assert refused


def test_what_a_user_may_not_read_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert module._of_psutil(80) == []
