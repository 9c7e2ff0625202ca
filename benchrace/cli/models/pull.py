"""Pull models: one at a time per machine, all machines in parallel, with progress."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import msgspec

from benchrace.cli.connect.client import Client
from benchrace.cli.models.pull_plan import Pull, Skipped, too_large
from benchrace.errors import BenchraceError, Failure, with_remedy
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import OperationState, OperationStatus

# How long one machine is polled before the next.
_TURN_S = 0.4
_DONE = {Operation.PULL: "pulled", Operation.SYNC: "ready"}


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was pulled; `bytes` as the engine counted them, null where it did not."""

    machine_id: str
    backend: str
    model: str
    bytes: float | None
    seconds: float


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    machine_id: str
    backend: str
    model: str
    error: Failure


class Outcome(msgspec.Struct, kw_only=True):
    """The outcome, as `--json` prints it."""

    pulled: list[Pulled] = []
    skipped: list[Skipped] = []
    failed: list[Failed] = []

    @property
    def good(self) -> bool:
        return not self.failed and not any(skipped.wrong for skipped in self.skipped)


class Watcher(Protocol):
    """A display of progress in bytes; `total` is null where it is unknown."""

    def progress(self, pull: Pull, done: float, total: float | None) -> None: ...

    def over(self, pull: Pull, words: str, good: bool) -> None: ...


class _Running(msgspec.Struct, kw_only=True):
    pull: Pull
    operation_id: str
    since: int = 0
    began_s: float
    total: float | None = None


class PullRunner:
    """A runner of pulls; one whose engine reports more than `max_bytes` is cancelled."""

    def __init__(
        self, client: Client, pulls: Sequence[Pull], watcher: Watcher, max_bytes: int | None
    ) -> None:
        self._client = client
        self._watcher = watcher
        self._max_bytes = max_bytes
        self._waiting: dict[str, deque[Pull]] = {}
        for pull in pulls:
            self._waiting.setdefault(pull.machine_id, deque()).append(pull)
        self._running: dict[str, _Running] = {}
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Run all pulls; an interrupt cancels running ones, and is raised again."""
        try:
            while self._waiting or self._running:
                self._start()
                for name, running in tuple(self._running.items()):
                    if self._follow(running):
                        del self._running[name]
        except KeyboardInterrupt:
            for running in self._running.values():
                self._cancel(running)
            raise
        return self.outcome

    def _start(self) -> None:
        for name, queue in tuple(self._waiting.items()):
            if name in self._running:
                continue
            if not queue:
                del self._waiting[name]
                continue
            pull = queue.popleft()
            path = f"/api/machines/{name}/backends/{pull.backend}/{pull.operation}"
            try:
                status = self._status(self._client.post(path, pull.request))
            except BenchraceError as error:
                self._fail(pull, error.failure())
                continue
            self._watcher.progress(pull, 0, None)
            self._running[name] = _Running(
                pull=pull, operation_id=status.operation_id, began_s=time.monotonic()
            )

    def _follow(self, running: _Running) -> bool:
        """Poll one pull for its share of the turn; return whether it is over."""
        pull = running.pull
        path = f"/api/machines/{pull.machine_id}/operations/{running.operation_id}"
        wait_s = _TURN_S / len(self._running)
        try:
            status = self._status(self._client.get(path, since=running.since, wait_s=wait_s))
        except BenchraceError as error:
            self._fail(pull, error.failure())
            return True
        running.since = status.next
        for event in status.events:
            if event.done is None:
                continue
            running.total = event.total
            self._watcher.progress(pull, event.done, event.total)
            if self._max_bytes is not None and (event.total or 0) > self._max_bytes:
                self._too_large(running, event.total or 0)
                return True
        if status.state is OperationState.RUNNING or status.events:
            return False
        self._end(running, status)
        return True

    def _end(self, running: _Running, status: OperationStatus) -> None:
        pull = running.pull
        if status.failure is not None:
            self._fail(pull, status.failure)
            return
        took_s = time.monotonic() - running.began_s
        self.outcome.pulled.append(
            Pulled(
                machine_id=pull.machine_id,
                backend=pull.backend,
                model=pull.model,
                bytes=running.total,
                seconds=took_s,
            )
        )
        self._watcher.over(pull, _DONE[pull.operation], True)

    def _fail(self, pull: Pull, failure: Failure) -> None:
        self.outcome.failed.append(
            Failed(
                machine_id=pull.machine_id, backend=pull.backend, model=pull.model, error=failure
            )
        )
        self._watcher.over(pull, with_remedy(failure.message, failure.remedy), False)

    def _too_large(self, running: _Running, size: float) -> None:
        self._cancel(running)
        pull, why = running.pull, too_large(size, self._max_bytes or 0)
        self.outcome.skipped.append(Skipped(machine_id=pull.machine_id, model=pull.model, why=why))
        self._watcher.over(pull, f"skipped: {why}", True)

    def _cancel(self, running: _Running) -> None:
        machine = running.pull.machine_id
        try:
            self._client.post(f"/api/machines/{machine}/operations/{running.operation_id}/cancel")
        except BenchraceError as error:
            # Nothing else can be done from here; the user can check the machine.
            self._watcher.over(running.pull, f"cannot be cancelled: {error.message}", False)

    def _status(self, answer: object) -> OperationStatus:
        return self._client.convert(answer, OperationStatus)
