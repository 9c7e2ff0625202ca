"""An application that is built while the server serves already."""

import threading
from typing import Any

import anyio
import pytest

from benchrace.web.asgi.late_app import LateApp
from benchrace.web.asgi.types import App, Receive, Scope, Send

HTTP: Any = {"type": "http", "path": "/"}


async def nothing(*_: Any) -> Any:
    raise AssertionError("nothing is read or sent")


class Building:
    """Builds an application once `go` is set; `threads` says where, `served` what it got."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: list[int] = []
        self.served: list[Scope] = []

    def build(self) -> App:
        self.threads.append(threading.get_ident())
        self.go.wait()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self.served.append(scope)

        return app


async def test_requests_wait_for_an_application_that_is_built_once_and_beside_the_loop() -> None:
    building = Building()
    late = LateApp(building.build)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(late, HTTP, nothing, nothing)
        await anyio.wait_all_tasks_blocked()
        assert building.served == []
        building.go.set()
    assert len(building.served) == 3
    assert len(building.threads) == 1
    assert building.threads[0] != threading.get_ident()


async def test_the_servers_start_and_end_do_not_build_it() -> None:
    building = Building()
    messages: list[Any] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    lifespan: Any = {"type": "lifespan"}
    await LateApp(building.build)(lifespan, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert building.threads == []


async def test_a_failure_to_build_is_raised_to_whoever_waits_and_tried_again() -> None:
    tries: list[int] = []

    def build() -> App:
        tries.append(1)
        raise ImportError("no framework")

    late = LateApp(build)
    for _ in range(2):
        with pytest.raises(ImportError, match="no framework"):
            await late(HTTP, nothing, nothing)
    assert len(tries) == 2
