"""What a backend may be asked to do with its engine outside of any measurement."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.errors import FieldError, InvalidInput


class Operation(StrEnum):
    """Named as the methods of `Backend`; one that a backend does not override is not offered."""

    RESET = "reset"
    START = "start"
    STOP = "stop"
    UNLOAD = "unload"
    PULL = "pull"
    SYNC = "sync"
    WRITE = "write"


class Reset(msgspec.Struct, frozen=True, kw_only=True):
    """What a reset has done; null is "not known" or "not done", and `notes` say which.

    `start_command` is for people to read. The tails are the last 4 KiB of what the command said;
    `time_to_ready_ms` runs from the start command to the first good answer of the engine.
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
    """How a start or a stop went. `pid` is the engine's, where it was started as a command."""

    ok: bool
    notes: tuple[str, ...] = ()
    pid: int | None = None


class Unloaded(msgspec.Struct, frozen=True, kw_only=True):
    """Said once the engine itself says that the models are gone.

    `waited_ms` is what that took, `freed` bytes as the engine counted them before, null where it
    does not count.
    """

    models: tuple[str, ...] = ()
    waited_ms: float
    freed: int | None = None


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file that an engine needs; `sha256` in hexadecimal, `size` in bytes, where known."""

    name: str
    url: str
    sha256: str | None = None
    size: int | None = None


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is to write: it is asked `prompt`, for `max_tokens` at most."""

    prompt: Annotated[str, Meta(min_length=1, max_length=20_000)]
    max_tokens: Annotated[int, Meta(ge=1, le=8192)] = 512


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wrote, without what it thought. `finish` is why it ended, as the engine says."""

    text: str
    model: str
    finish: str | None = None


class NotOffered(InvalidInput):
    """Raised for an operation that a backend cannot do: at all, or as it is configured."""

    def __init__(self, backend: str, operation: Operation, why: str = "", remedy: str = "") -> None:
        words = f"backend {backend} does not offer {operation.value}"
        field = FieldError("operation", f"{words}: {why}" if why else words)
        super().__init__(
            field, remedy or "Do it by the engine's own means, or install a backend that offers it."
        )
        # People press a button or give a command: they have filled in no field of that name.
        self.message = field.message
