"""A scripted agent that can be the worker of a lane."""

import time
from contextlib import suppress
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchrace.errors import BenchraceError, Category, Failure, NotFound
from benchrace.plugin.lending import Lent
from benchrace.plugin.operations import Operation
from benchrace.protocol import agent_central as m
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.operations import FollowAsk, OperateAsk, OperationState, OperationStatus
from tests.central.scripted import FakeAgent


class Lender(FakeAgent):
    """`denials` are the requests that it is too busy for; `lends` are its operations by id.

    `listening` is cleared to make a start wait. Every start listens at a port of its own, at
    `lent_at`. `bad_end` is how an end in order fails. It takes a request with another address of
    the coordinator for another one.
    """

    def __init__(self, machine_id: str = "b", **changes: Any) -> None:
        self.lends: dict[str, OperationStatus] = {}
        self.about: dict[str, OperateAsk] = {}
        self.denials, self.build, self.listening = 0, "b1", True
        self.label, self.lent_at = machine_id.upper(), "10.0.0.2"
        self.bad_end: Failure | None = None
        super().__init__(machine_id, **changes)

    @property
    def running(self) -> list[str]:
        """The ids of what it lends now."""
        return [name for name, one in self.lends.items() if one.state is OperationState.RUNNING]

    def capabilities(self) -> Capabilities:
        plain = super().capabilities()
        (backend,) = plain.backends
        (workload,) = backend.description.workloads
        description = msgspec.structs.replace(
            backend.description,
            operations=(Operation.LEND,),
            workloads=(msgspec.structs.replace(workload, spans=True),),
        )
        status = msgspec.structs.replace(
            backend, description=description, engine_version=self.build
        )
        return msgspec.structs.replace(plain, backends=(status,), label=self.label)

    def forget(self) -> None:
        """Be a new process, which knows nothing of what the one before has lent."""
        self.lends.clear()
        self.notify()

    async def _answer(self, socket: ClientConnection, ask: m.Ask) -> None:
        if ask.operate is None and ask.follow is None:
            await super()._answer(socket, ask)
            return
        answer = m.Answer(ask_id=ask.ask_id)
        try:
            if ask.operate is not None:
                result = self._start(ask.operate)
            else:
                assert ask.follow is not None
                result = await self._follow(ask.follow)
            answer = msgspec.structs.replace(answer, result=result)
        except BenchraceError as error:
            answer = msgspec.structs.replace(answer, failure=error.failure())
        with suppress(ConnectionClosed):
            await socket.send(m.encode(answer))

    def _start(self, ask: OperateAsk) -> OperationStatus:
        if self.denials > 0:
            self.denials -= 1
            raise BenchraceError(Category.BUSY, f"a pull is running on {self.machine_id}")
        for name in self.running:
            if self.about[name].request != ask.request:
                raise BenchraceError(Category.BUSY, f"{name} is running on {self.machine_id}")
            return self.lends[name]
        name = f"op-{len(self.about)}"
        self.about[name] = ask
        self.lends[name] = OperationStatus(
            operation_id=name,
            machine_id=self.machine_id,
            backend=ask.backend,
            operation=ask.operation,
            models=(),
            state=OperationState.RUNNING,
            started_at=time.time(),
        )
        self.notify()
        return self.lends[name]

    async def _follow(self, ask: FollowAsk) -> OperationStatus:
        while True:
            if ask.operation_id not in self.lends:
                raise NotFound(f"unknown operation {ask.operation_id!r}", "List them.")
            status = self.lends[ask.operation_id]
            if ask.cancel:
                cancelled = BenchraceError(Category.CANCELLED, "it was cancelled").failure()
                failure = self.bad_end or cancelled
                return self.put(status, state=OperationState.FAILED, failure=failure)
            if status.lent is None and self.listening:
                number = len(self.about)
                return self.put(status, lent=Lent(endpoint=f"{self.lent_at}:{number}"), next=1)
            if ask.since < status.next or status.state is not OperationState.RUNNING:
                return status
            await self.wait()

    def put(self, status: OperationStatus, **changes: Any) -> OperationStatus:
        """Change what it lends, and tell who follows it."""
        changed = self.lends[status.operation_id] = msgspec.structs.replace(status, **changes)
        self.notify()
        return changed
