"""What listens on a port, also where the system tells a user nothing of other users."""

import errno
import os
import random
import socket
from typing import Any

import psutil
import pytest

from benchrace.plugin import BenchraceError
from benchrace_llamacpp.port import free_port, occupant, until_free

from .harness import Bench, lane


def test_a_listener_is_named_where_connections_are_read_process_by_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(kind: str) -> Any:
        raise psutil.AccessDenied

    class Other(psutil.Process):
        def net_connections(self, kind: str = "inet") -> Any:
            raise psutil.AccessDenied(self.pid)

    monkeypatch.setattr(psutil, "net_connections", denied)
    monkeypatch.setattr(psutil, "process_iter", lambda: [Other(1), psutil.Process()])
    with socket.create_server(("127.0.0.1", 0)) as server:
        owner = occupant("127.0.0.1", server.getsockname()[1])
    assert owner is not None
    assert owner.pid == os.getpid()


def test_a_port_is_chosen_that_the_system_gives_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Else a connection of any program may have it before the program that it is for.
    assert all(1024 <= free_port("127.0.0.1") < 32_768 for _ in range(20))
    free = free_port("127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(random, "sample", lambda *_: [taken, free])
        assert free_port("127.0.0.1") == free
        monkeypatch.setattr(random, "sample", lambda *_: [taken])
        with pytest.raises(OSError, match="are in use"):
            free_port("127.0.0.1")


@pytest.mark.anyio
async def test_a_port_of_root_is_not_in_use(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(address: object) -> socket.socket:
        raise PermissionError(errno.EACCES, "Permission denied")

    backend, context = bench.backend(port=80), bench.context()
    monkeypatch.setattr(socket, "create_server", denied)
    with pytest.raises(BenchraceError, match="this user may not listen on port 80") as raised:
        await until_free("127.0.0.1", 80, "rpc_port", context)
    assert raised.value.remedy == (
        "Set `rpc_port` in the table `llamacpp` of agent.yaml to 1024 or more."
    )
    (problem,) = (await backend.preflight(lane(), context)).problems
    assert "may not listen on port 80" in problem.message
