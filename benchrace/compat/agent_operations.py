"""Operations on engines as messages of the older `/ws`, beside the jobs' events."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace.agent.engines.operations import Operations
from benchrace.protocol.operations import OperationEvent, OperationState, OperationStatus


class OperationPlaces:
    """How far one reader has got in each operation; what was over before it came is left out."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._over = {
            operation.operation_id for operation in operations.all() if not operation.running
        }
        self._places: dict[str, int] = {}

    def messages(self) -> Iterator[str]:
        """Yield what is new, and for each operation its end once."""
        for operation in self._operations.all():
            if operation.operation_id in self._over:
                continue
            while True:
                status = operation.status(self._places.get(operation.operation_id, 0))
                yield from (message(status, event) for event in status.events)
                self._places[operation.operation_id] = status.next
                if not status.events:
                    break
            if status.state is not OperationState.RUNNING:
                self._over.add(operation.operation_id)
                yield end(status)


def message(status: OperationStatus, event: OperationEvent) -> str:
    """Write one event with the names that a job's would have. Pure."""
    if event.unit is None:
        log = {"level": event.level, "message": event.message, "source": status.backend}
        return _message(status, "log", log, event.timestamp_s)
    step = {"done": event.done, "total": event.total, "unit": event.unit, "model": event.model}
    return _message(status, "progress", step, event.timestamp_s)


def end(status: OperationStatus) -> str:
    """Write the last one. Pure."""
    payload: dict[str, Any] = {"operation": status.operation, "backend": status.backend}
    if status.failure is None:
        payload |= {"results": status.results}
        return _message(status, "operation_done", payload, status.ended_at)
    payload |= {"error": status.failure}
    return _message(status, "operation_error", payload, status.ended_at)


def _message(status: OperationStatus, tag: str, payload: Any, at_s: float | None) -> str:
    fields = {
        "type": tag,
        "job_id": status.operation_id,
        "machine_id": status.machine_id,
        "timestamp_s": at_s,
        "payload": payload,
    }
    return msgspec.json.encode(fields).decode()
