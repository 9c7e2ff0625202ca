"""Operations on engines, as agent and central exchange them."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.errors import Failure
from benchrace.ids import MachineId
from benchrace.plugin.assets import Asset
from benchrace.plugin.lending import Lending, Lent
from benchrace.plugin.operations import Operation, Reset, Writing

Name = Annotated[str, Meta(min_length=1, max_length=300)]


class OperationState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class OperationRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an operation is about; it may be left out where it is about the engine itself.

    What is not given is not sent: an older agent rejects fields that it does not know.

    `model` is the same as one in `models`; they are taken in turn. `assets` are for a sync: none
    named means all that the backend is set to have. `write` is what a write asks the model.
    `lending` names the lane that a lend is for, and `coordinator` is the address of that lane's
    machine as central sees it, `elsewhere` that it is another computer.
    """

    model: Name | None = None
    models: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    assets: Annotated[tuple[Asset, ...], Meta(max_length=100)] = ()
    write: Writing | None = None
    lending: Lending | None = None
    coordinator: Annotated[str, Meta(max_length=100)] | None = None
    elsewhere: bool = False

    def all_models(self) -> tuple[str, ...]:
        """Return every model named, without duplicates."""
        return tuple(dict.fromkeys((*((self.model,) if self.model else ()), *self.models)))


class OperationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Progress (`unit` is not null) or a line of the log; `model` is the one that it is about."""

    seq: int
    timestamp_s: float
    model: str | None = None
    done: float | None = None
    total: float | None = None
    unit: str | None = None
    level: str | None = None
    message: str | None = None


class OperationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an operation stands. `results` has what the backend answered, one for each model.

    `events` are those from the number asked for, as far as they are kept; `next` is the number
    to ask for then. `lent` is what a lend offers, null until it listens.
    """

    operation_id: str
    machine_id: MachineId
    backend: str
    operation: Operation
    models: tuple[str, ...]
    state: OperationState
    started_at: float
    ended_at: float | None = None
    results: tuple[Any, ...] = ()
    failure: Failure | None = None
    events: tuple[OperationEvent, ...] = ()
    next: int = 0
    lent: Lent | None = None


class ResetAll(msgspec.Struct, frozen=True, kw_only=True):
    """The result of resetting every engine; `ok` where all that could be reset answer again."""

    ok: bool
    duration_ms: float
    backends: dict[str, Reset] = {}
    notes: tuple[str, ...] = ()


class OperateAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Start an operation; the answer is its `OperationStatus`."""

    backend: str
    operation: Operation
    request: OperationRequest = OperationRequest()


class FollowAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Ask how an operation stands, from event `since` on; `cancel` ends it first.

    The answer waits up to `wait_s` for something new. A lend ends when nobody asks for it.
    """

    operation_id: str
    since: int = 0
    wait_s: float = 0.0
    cancel: bool = False
