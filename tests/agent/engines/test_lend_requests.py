"""Requests to lend a machine: which one finds what runs, and what an interrupted one leaves."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import msgspec
import pytest

from benchrace.agent.engines import operation_runner as module
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.engines.operation_runner import OperationRunner
from benchrace.agent.engines.operations import Operations
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.link import link_operations
from benchrace.agent.settings import AgentSettings
from benchrace.errors import BenchraceError
from benchrace.notifier import Notifier
from benchrace.plugin.lending import Lending
from benchrace.plugin.operations import Operation
from benchrace.protocol import agent_central as m
from benchrace.protocol.agent_worker import OperateOrder, WorkerSetup
from benchrace.protocol.operations import FollowAsk, OperationRequest
from benchrace.testing.limits import HANG_S

LENDING = Lending(run_id="2026-01-01_000000_abcdef", lane_id="lane-0")


class Machine:
    """An agent's operations, whose worker holds what it lends until it is cancelled.

    `leaving` is cleared to make a worker's cleaning up wait, `orders` are what workers got.
    """

    def __init__(self, data: Path) -> None:
        self.slot = Slot("m1", None)
        self.leaving, self.left = anyio.Event(), 0
        self.leaving.set()
        self.orders: list[OperateOrder] = []
        description = SimpleNamespace(name="team", operations=(Operation.LEND,))
        capabilities: Any = SimpleNamespace(
            ready=self._ready, setup=lambda *_: WorkerSetup(plugins=())
        )
        self._backends = (SimpleNamespace(description=description),)
        unused: Any = SimpleNamespace(used=lambda _: None)
        settings = AgentSettings(data=data, machine_id="m1", label="M1")
        self.operations = Operations(
            settings=settings,
            capabilities=capabilities,
            slot=self.slot,
            changed=Notifier(),
            runner=OperationRunner(
                settings=settings,
                capabilities=capabilities,
                slot=self.slot,
                idle=unused,
                asset_setup=unused,
            ),
        )

    async def _ready(self) -> Any:
        return SimpleNamespace(backends=self._backends)

    async def ask(self, _: object, order: OperateOrder, *__: object, **___: object) -> None:
        self.orders.append(order)
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await self.leaving.wait()
            self.left += 1

    async def lend(self, coordinator: str | None = None, **more: Any) -> RunningOperation:
        request = OperationRequest(lending=LENDING, coordinator=coordinator, **more)
        return await self.operations.start("team", Operation.LEND, request)

    async def follow(self, operation_id: str) -> Any:
        ask = m.Ask(ask_id=1, what="follow", follow=FollowAsk(operation_id=operation_id))
        return await link_operations.answer_ask(self.operations, ask)


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    machine = Machine(tmp_path)
    monkeypatch.setattr(module, "ask", machine.ask)
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(machine.operations.run)
            await anyio.wait_all_tasks_blocked()
            yield machine
            tasks.cancel_scope.cancel()


async def test_a_lend_is_found_again_wherever_the_other_machine_is_now(machine: Machine) -> None:
    first = await machine.lend("127.0.0.1")
    machine.operations.link_address = "10.0.0.7"
    # The next central does not know yet where the coordinator is.
    assert await machine.lend(None) is first
    assert await machine.lend("10.0.0.2") is first
    assert len(machine.orders) == 1


async def test_a_request_that_finds_one_renews_its_lease(machine: Machine) -> None:
    running = await machine.lend()
    running.followed_at = 0.0
    await machine.lend()
    assert running.followed_at > 0.0


async def test_only_central_renews_a_lease(machine: Machine) -> None:
    running = await machine.lend()
    running.followed_at = 0.0
    await link_operations.follow(machine.operations, FollowAsk(operation_id=running.operation_id))
    assert running.followed_at == 0.0
    await machine.follow(running.operation_id)
    assert running.followed_at > 0.0


async def test_one_that_is_ending_is_waited_for_and_started_anew(machine: Machine) -> None:
    machine.leaving = anyio.Event()
    first = await machine.lend()
    await anyio.wait_all_tasks_blocked()
    first.cancel()
    again: list[RunningOperation] = []

    async def lend() -> None:
        again.append(await machine.lend())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lend)
        await anyio.wait_all_tasks_blocked()
        assert not again
        machine.leaving.set()
    assert not first.running
    assert again[0].running
    assert machine.left == 1


async def test_a_request_whose_link_is_cut_while_it_waits_leaves_nothing(
    machine: Machine,
) -> None:
    probed = anyio.Event()

    async def probe() -> None:
        async with machine.slot.aside():
            with anyio.CancelScope(shield=True):
                await probed.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(probe)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as link:
            link.start_soon(machine.lend)
            await anyio.wait_all_tasks_blocked()
            (waiting,) = machine.operations.all()
            link.cancel_scope.cancel()
        assert machine.operations.all() == ()
        assert not waiting.running
        failure = waiting.status().failure
        assert failure is not None
        assert failure.message == f"{waiting.words} was interrupted"
        probed.set()
    # The machine is free for the next request.
    assert (await machine.lend()).running


async def test_another_computer_does_not_reach_loopback(machine: Machine) -> None:
    machine.operations.link_address = "127.0.0.1"
    with pytest.raises(BenchraceError, match=r"it would listen at 127\.0\.0\.1, which") as caught:
        await machine.lend("127.0.0.1", elsewhere=True)
    assert caught.value.remedy == "Set lend_address in agent.yaml of m1."
    assert machine.operations.all() == ()
    machine.operations.link_address = "10.0.0.7"
    await machine.lend("127.0.0.1", elsewhere=True)
    assert machine.orders[0].lending == msgspec.structs.replace(LENDING, host="10.0.0.7")
