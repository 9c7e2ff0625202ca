"""Centrals and agents nearby, on the loopback interface: found while they can be reached."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest
import zeroconf.asyncio
from zeroconf.asyncio import AsyncZeroconf

from benchrace import __version__
from benchrace.errors import BenchraceError
from benchrace.notifier import Notifier
from benchrace.testing.limits import HANG_S
from benchrace.web.remote import nearby
from benchrace.web.remote.nearby import Nearby, Role, announce, find, watch

pytestmark = pytest.mark.anyio
LOOPBACK = ("127.0.0.1",)


@pytest.mark.slow
async def test_what_is_announced_is_found_by_its_role_while_it_answers() -> None:
    seen: list[tuple[Nearby, ...]] = []
    news = Notifier()

    def note(servers: tuple[Nearby, ...]) -> None:
        # Others on this network announce theirs.
        seen.append(tuple(one for one in servers if one.url.endswith(f":{port}")))
        news.notify()

    async def until(look: Callable[[], bool]) -> None:
        with anyio.fail_after(HANG_S):
            while not look():
                await news.wait()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        say = partial(announce, interfaces=LOOPBACK)
        async with anyio.create_task_group() as watching:
            watching.start_soon(watch, Role.CENTRAL, note, LOOPBACK)
            async with anyio.create_task_group() as announcing:
                announcing.start_soon(say, Role.CENTRAL, "The lab", "127.0.0.1", port, "https")
                # Nothing listens there: it is a program that was killed.
                announcing.start_soon(say, Role.CENTRAL, "gone", "127.0.0.1", 1)
                announcing.start_soon(say, Role.AGENT, "box", "127.0.0.1", port)
                # An earlier name of the same address, which its record outlives.
                announcing.start_soon(say, Role.CENTRAL, "Zoo", "127.0.0.1", port, "https")
                url = f"https://127.0.0.1:{port}"
                lab = Nearby(name="The lab", url=url, version=__version__)
                await until(lambda: bool(seen) and seen[-1] == (lab,))
                assert max(map(len, seen)) == 1
                announcing.cancel_scope.cancel()
            await until(lambda: not seen[-1])
            watching.cancel_scope.cancel()


@pytest.mark.parametrize("task", [partial(announce, name="lab", host="", port=1), watch])
async def test_a_cancel_while_mdns_starts_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch, task: Any
) -> None:
    instances: list[AsyncZeroconf] = []
    starts = anyio.Event()

    class Noted(AsyncZeroconf):
        def __init__(self, *options: Any, **more: Any) -> None:
            super().__init__(*options, **more)
            instances.append(self)
            starts.set()

    monkeypatch.setattr(zeroconf.asyncio, "AsyncZeroconf", Noted)
    more = {"seen": lambda _: None} if task is watch else {}
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(task, Role.CENTRAL, interfaces=LOOPBACK, **more))
            await starts.wait()
            assert not instances[0].zeroconf.started
            group.cancel_scope.cancel()
    assert [one.zeroconf.done for one in instances] == [True]


async def test_without_the_package_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(nearby, "import_module", missing)
    with pytest.raises(BenchraceError) as raised:
        await find(Role.CENTRAL)
    assert "pip install 'benchrace[mdns]'" in raised.value.remedy
    await announce(Role.CENTRAL, "The lab", "127.0.0.1", 1)


async def test_an_address_of_the_internet_is_not_connected_to() -> None:
    assert not await nearby._answers("93.184.216.34", 80)
