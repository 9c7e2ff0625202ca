"""Categories of failures, each with a remedy.

No failure contains a secret, whoever wrote its text: it is redacted on creation.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from benchrace.redaction import redact

_INDEX = re.compile(r"\[(\d+)\]", re.ASCII)


class Category(StrEnum):
    """The category of a failure; the same in events, answers, the page and messages."""

    VALIDATION = "validation"
    UNREACHABLE = "unreachable"
    MISSING_MODEL = "missing_model"
    MISSING_ASSET = "missing_asset"
    EMPTY_FILE = "empty_file"
    BROKEN_FILE = "broken_file"
    SILENCE = "silence"
    WRONG_LANGUAGE = "wrong_language"
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
    Category.VALIDATION: "Correct the named field and try again.",
    Category.UNREACHABLE: "Start the engine or the machine, or correct its address.",
    Category.MISSING_MODEL: "Load the model on that machine, or choose one that it has.",
    Category.MISSING_ASSET: "Copy the missing file to that machine.",
    Category.EMPTY_FILE: "Replace the file on that machine, or choose another one.",
    Category.BROKEN_FILE: "Replace the file on that machine, or choose another one.",
    Category.SILENCE: "Choose a recording in which somebody speaks.",
    Category.WRONG_LANGUAGE: "Choose a language that the model knows, or another model.",
    Category.OUT_OF_MEMORY: "Choose a smaller size, or free memory on that machine.",
    Category.UNSUPPORTED_HARDWARE: "Choose a machine that can do this work.",
    Category.TIMEOUT_CONNECT: "Check that the engine answers at its address.",
    Category.TIMEOUT_FIRST: "Raise the first-output limit, or check what the engine is doing.",
    Category.TIMEOUT_IDLE: "Check the engine's log: it stopped in the middle of its output.",
    Category.STREAM_ERROR: "Check the engine's log for the error it reported.",
    Category.ENDED_EARLY: "Check the engine's log: it closed the stream early.",
    Category.BAD_OUTPUT: "Check the recorded output: it contradicts itself.",
    Category.PLUGIN_ERROR: "Report this to the plugin's author, with the traceback.",
    Category.WORKER_DIED: "Check worker.log in the job's folder, then start the run again.",
    Category.INTERRUPTED: "Start the run again.",
    Category.CANCELLED: "Start the run again if this was unintended.",
    Category.BUSY: "Wait for the running job, or cancel it.",
    Category.DISK_FULL: "Free space in the data folder.",
    Category.SYSTEM: "Check the log of that machine.",
}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One bad field, by its path: `lanes[1].params.n`.

    `machine_id` is the machine that objects to it, where another one might not.
    """

    path: str
    message: str
    machine_id: str | None = None

    def __post_init__(self) -> None:
        redact_fields(self, "message")

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.machine_id, self.message) if part)


def by_message(fields: Sequence[FieldError]) -> tuple[FieldError, ...]:
    """Merge fields that differ only in an index, as the same one of each lane: `lanes[0-5].n`."""
    indices: dict[tuple[str, str, str, str | None], list[int]] = {}
    for field in fields:
        before, index, after = _split(field.path)
        key = before, after, field.message, field.machine_id
        positions = indices.setdefault(key, [])
        if index is not None and index not in positions:
            positions.append(index)
    return tuple(
        FieldError(f"{before}[{_ranges(numbers)}]{after}" if numbers else before, message, machine)
        for (before, after, message, machine), numbers in indices.items()
    )


def _split(path: str) -> tuple[str, int | None, str]:
    match = _INDEX.search(path)
    if match is None:
        return path, None, ""
    return path[: match.start()], int(match[1]), path[match.end() :]


def _ranges(numbers: Sequence[int]) -> str:
    """Write numbers with those that follow one another as a range: `0-2, 5`."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure as data: travels in events and answers."""

    category: Category
    message: str
    remedy: str
    fields: tuple[FieldError, ...] = ()
    detail: str | None = None

    def __post_init__(self) -> None:
        redact_fields(self, "message", "remedy", "detail")


def redact_fields(value: msgspec.Struct, *names: str) -> None:
    """Redact texts of a frozen value; only for its own `__post_init__`."""
    for name in names:
        text = getattr(value, name)
        # A value of the wrong type from a plugin is rejected elsewhere.
        if isinstance(text, str) and (clean := redact(text)) != text:
            msgspec.structs.force_setattr(value, name, clean)


class BenchraceError(Exception):
    """A failure for users: what happened, and what to do."""

    def __init__(
        self,
        category: Category,
        message: str,
        remedy: str | None = None,
        *,
        fields: Sequence[FieldError] = (),
        detail: str | None = None,
    ) -> None:
        message = _redacted(message)
        super().__init__(message)
        self.category = category
        self.message = message
        self.remedy = REMEDY[category] if remedy is None else _redacted(remedy)
        self.fields = tuple(fields)
        self.detail = detail and _redacted(detail)

    def failure(self) -> Failure:
        """Return the error as a value."""
        return Failure(
            category=self.category,
            message=self.message,
            remedy=self.remedy,
            fields=self.fields,
            detail=self.detail,
        )

    @classmethod
    def of(cls, failure: Failure) -> "BenchraceError":
        """Return the error of a failure that arrived as a value."""
        return cls(
            failure.category,
            failure.message,
            failure.remedy,
            fields=failure.fields,
            detail=failure.detail,
        )


MAX_FIELDS = 50


class InvalidInput(BenchraceError):
    """Bad input, with each bad field by its path; the first 50 of them."""

    def __init__(
        self,
        fields: Sequence[FieldError] | FieldError,
        remedy: str | None = None,
        *,
        detail: str | None = None,
    ) -> None:
        listed = (fields,) if isinstance(fields, FieldError) else tuple(fields[:MAX_FIELDS])
        message = "; ".join(str(field) for field in by_message(listed))
        super().__init__(Category.VALIDATION, message, remedy, fields=listed, detail=detail)


def _redacted(text: Any) -> Any:
    # A plugin may pass anything here; its failure is validated elsewhere.
    return redact(text) if isinstance(text, str) else text


def with_remedy(message: str, remedy: str) -> str:
    """Join what happened and what to do to sentences, however the message ends."""
    text = message.rstrip()
    if not remedy:
        return text
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {remedy}"


class NotFound(BenchraceError):
    """A request names something that does not exist."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(Category.VALIDATION, message, remedy)
