"""What can go wrong, in one list, each with a remedy in words."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Category(StrEnum):
    """Why something failed; the same list in events, answers, the page and exit messages."""

    VALIDATION = "validation"
    UNREACHABLE = "unreachable"
    MISSING_MODEL = "missing_model"
    MISSING_ASSET = "missing_asset"
    OUT_OF_MEMORY = "out_of_memory"
    UNSUPPORTED_HARDWARE = "unsupported_hardware"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_FIRST = "timeout_first"
    TIMEOUT_IDLE = "timeout_idle"
    STREAM_ERROR = "stream_error"
    ENDED_EARLY = "ended_early"
    BAD_OUTPUT = "bad_output"
    PLUGIN_ERROR = "plugin_error"
    WORKER_DIED = "worker_died"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    BUSY = "busy"
    DISK_FULL = "disk_full"
    SYSTEM = "system"


REMEDY: dict[Category, str] = {
    Category.VALIDATION: "Correct the named field and start again.",
    Category.UNREACHABLE: "Start the engine or the machine, or correct its address.",
    Category.MISSING_MODEL: "Load the model on that machine, or choose one that it has.",
    Category.MISSING_ASSET: "Copy the missing file to that machine.",
    Category.OUT_OF_MEMORY: "Choose a smaller size, or free memory on that machine.",
    Category.UNSUPPORTED_HARDWARE: "Choose a machine that can do this work.",
    Category.TIMEOUT_CONNECT: "Check that the engine answers at its address.",
    Category.TIMEOUT_FIRST: "Raise the first-output limit, or check what the engine is doing.",
    Category.TIMEOUT_IDLE: "Check the engine's log: it stopped in the middle of its output.",
    Category.STREAM_ERROR: "Look at the engine's log for the error it reported.",
    Category.ENDED_EARLY: "Look at the engine's log: it closed the stream before its end.",
    Category.BAD_OUTPUT: "Look at the record: the engine's output contradicts itself.",
    Category.PLUGIN_ERROR: "Report it to the plugin's author, with the traceback.",
    Category.WORKER_DIED: "Look at worker.log in the job's folder, and start the run again.",
    Category.INTERRUPTED: "Start the run again.",
    Category.CANCELLED: "Start the run again if that was not meant.",
    Category.BUSY: "Wait for the running job, or cancel it.",
    Category.DISK_FULL: "Free space in the data folder.",
    Category.SYSTEM: "Look at the log of the machine named here.",
}


class FieldError(msgspec.Struct, frozen=True):
    """One bad field, by its path: `lanes[1].params.n`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as data: travels in events and answers."""

    category: Category
    message: str
    remedy: str
    fields: tuple[FieldError, ...] = ()
    detail: str | None = None


class BenchraceError(Exception):
    """A failure that a person should read: what happened, and what to do."""

    def __init__(
        self,
        category: Category,
        message: str,
        remedy: str | None = None,
        *,
        fields: Sequence[FieldError] = (),
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.category = category
        self.message = message
        self.remedy = REMEDY[category] if remedy is None else remedy
        self.fields = tuple(fields)
        self.detail = detail

    def failure(self) -> Failure:
        """Give the same as a value."""
        return Failure(
            category=self.category,
            message=self.message,
            remedy=self.remedy,
            fields=self.fields,
            detail=self.detail,
        )

    @classmethod
    def of(cls, failure: Failure) -> "BenchraceError":
        """Raise again what arrived as a value."""
        return cls(
            failure.category,
            failure.message,
            failure.remedy,
            fields=failure.fields,
            detail=failure.detail,
        )


class InvalidInput(BenchraceError):
    """Bad input, with each bad field by its path."""

    def __init__(
        self, fields: Sequence[FieldError] | FieldError, remedy: str | None = None
    ) -> None:
        listed = (fields,) if isinstance(fields, FieldError) else tuple(fields)
        super().__init__(
            Category.VALIDATION, "; ".join(str(each) for each in listed), remedy, fields=listed
        )


def with_remedy(message: str, remedy: str) -> str:
    """Join what happened and what to do to sentences, however the message ends."""
    told = message.rstrip()
    if not remedy:
        return told
    return f"{told}{'' if told.endswith(('.', '!', '?')) else '.'} {remedy}"


class NotFound(BenchraceError):
    """Something was asked for by a name that nothing has."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(Category.VALIDATION, message, remedy)
