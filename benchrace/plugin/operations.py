"""Operations of a backend on its engine, outside of any measurement."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput


class Operation(StrEnum):
    """The operations, named after the methods of `Backend`; a backend offers what it overrides."""

    RESET = "reset"
    START = "start"
    STOP = "stop"
    UNLOAD = "unload"
    PULL = "pull"
    SYNC = "sync"
    WRITE = "write"
    LEND = "lend"


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a reset; null is "not known" or "not done", and `notes` say which.

    `start_command` is for people to read. The tails are the last 4 KiB of the command's output;
    `time_to_ready_ms` runs from the start command to the engine's first successful answer.
    """

    stopped: bool = False
    start_command: str | None = None
    start_stdout_tail: str | None = None
    start_stderr_tail: str | None = None
    start_log_file: str | None = None
    healthy: bool | None = None
    time_to_ready_ms: float | None = None
    notes: tuple[str, ...] = ()


class Operated(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a start or a stop; `pid` is the engine's, if it was started by a command."""

    ok: bool
    notes: tuple[str, ...] = ()
    pid: int | None = None


class Unloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an unload, once the engine itself no longer lists the models.

    `waited_ms` is how long that took, `freed` the bytes that the engine had reported for them,
    null if it reports none.
    """

    models: tuple[str, ...] = ()
    waited_ms: float
    freed: int | None = None


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a text: the answer to `prompt`, of at most `max_tokens`."""

    prompt: Annotated[str, Meta(min_length=1, max_length=20_000)]
    max_tokens: Annotated[int, Meta(ge=1, le=8192)] = 512


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A generated text, without the model's thinking; `finish` is the engine's finish reason."""

    text: str
    model: str
    finish: str | None = None


class NotOffered(InvalidInput):
    """Raised for an operation that a backend does not support, at all or as it is configured."""

    def __init__(self, backend: str, operation: Operation, why: str = "", remedy: str = "") -> None:
        words = f"backend {backend} does not offer {operation.value}"
        field = FieldError("operation", f"{words}: {why}" if why else words)
        super().__init__(
            field, remedy or "Use the engine's own tools, or install a backend that offers it."
        )
        # Started by a button or a command, so no request field caused the error.
        self.message = field.message
