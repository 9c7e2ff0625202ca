"""Cleaning up after a run: which engines, when, and never beside the next job."""

from typing import Any

import anyio
import pytest

from benchrace.agent.engines.after_run import clean_up_after_runs
from benchrace.config.machine_settings import AfterRun
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.plugin.operations import Operation
from benchrace.testing.limits import HANG_S
from tests.agent.fake_central import job

pytestmark = pytest.mark.anyio


class Running:
    """A job that runs, or an operation that has ended."""

    def __init__(self, spec: Any = None, error: BenchraceError | None = None) -> None:
        self.spec = spec
        self.error = error

    async def ended(self) -> None:
        return None

    def result(self) -> None:
        if self.error is not None:
            raise self.error


class Machine:
    """The jobs and the operations of a machine in one."""

    def __init__(self) -> None:
        self.changed = Notifier()
        self.running: Running | None = None
        self.operations: list[tuple[str, Operation]] = []

    def offering(self, operation: Operation) -> tuple[str, ...]:
        return ("actor",) if operation is Operation.UNLOAD else ()

    async def start(self, backend: str, operation: Operation, _: object) -> Running:
        self.operations.append((backend, operation))
        self.changed.notify()
        return Running(error=BenchraceError(Category.UNREACHABLE, "it does not respond"))

    def to(self, running: Running | None) -> None:
        self.running = running
        self.changed.notify()


@pytest.mark.parametrize(
    ("chosen", "operations"),
    [
        (AfterRun.UNLOAD, [("actor", Operation.UNLOAD)]),
        (AfterRun.STOP, []),
        (AfterRun.KEEP, []),
    ],
)
async def test_engines_of_a_runs_lanes_are_cleaned_up_once(
    chosen: AfterRun, operations: list[tuple[str, Operation]]
) -> None:
    machine: Any = Machine()
    async with anyio.create_task_group() as group:
        group.start_soon(clean_up_after_runs, machine, machine, lambda: chosen)
        await anyio.wait_all_tasks_blocked()
        for _ in range(2):
            machine.to(Running(job("done")))
            await anyio.wait_all_tasks_blocked()
        assert machine.operations == []
        with anyio.fail_after(HANG_S):
            machine.to(None)
            await anyio.wait_all_tasks_blocked()
            machine.changed.notify()
            await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert machine.operations == operations
