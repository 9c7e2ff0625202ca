"""The categories of failures that users of the older agent know."""

from enum import StrEnum

from benchrace.errors import Category


class FailureCategory(StrEnum):
    """Fewer than the native ones: what its sender can do about a failed job."""

    VALIDATION = "VALIDATION"
    TRANSIENT = "TRANSIENT"
    TIMEOUT = "TIMEOUT"
    CANCELLED = "CANCELLED"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    UNSUPPORTED_HARDWARE = "UNSUPPORTED_HARDWARE"
    MISSING_ASSET = "MISSING_ASSET"
    SYSTEM = "SYSTEM"


# Transient is what the same job may not meet again when it is sent again.
FAILURE_CATEGORIES: dict[Category, FailureCategory] = {
    Category.VALIDATION: FailureCategory.VALIDATION,
    Category.UNREACHABLE: FailureCategory.TRANSIENT,
    Category.MISSING_MODEL: FailureCategory.MISSING_ASSET,
    Category.MISSING_ASSET: FailureCategory.MISSING_ASSET,
    Category.EMPTY_FILE: FailureCategory.MISSING_ASSET,
    Category.BROKEN_FILE: FailureCategory.MISSING_ASSET,
    Category.SILENCE: FailureCategory.VALIDATION,
    Category.WRONG_LANGUAGE: FailureCategory.VALIDATION,
    Category.OUT_OF_MEMORY: FailureCategory.OUT_OF_MEMORY,
    Category.UNSUPPORTED_HARDWARE: FailureCategory.UNSUPPORTED_HARDWARE,
    Category.TIMEOUT_CONNECT: FailureCategory.TIMEOUT,
    Category.TIMEOUT_FIRST: FailureCategory.TIMEOUT,
    Category.TIMEOUT_IDLE: FailureCategory.TIMEOUT,
    Category.STREAM_ERROR: FailureCategory.TRANSIENT,
    Category.ENDED_EARLY: FailureCategory.TRANSIENT,
    Category.BAD_OUTPUT: FailureCategory.SYSTEM,
    Category.PLUGIN_ERROR: FailureCategory.SYSTEM,
    Category.WORKER_DIED: FailureCategory.SYSTEM,
    Category.INTERRUPTED: FailureCategory.TRANSIENT,
    Category.CANCELLED: FailureCategory.CANCELLED,
    Category.BUSY: FailureCategory.TRANSIENT,
    Category.DISK_FULL: FailureCategory.SYSTEM,
    Category.SYSTEM: FailureCategory.SYSTEM,
}

# The codes of the older agent, where it had one.
REASON_CODES: dict[FailureCategory, str] = {
    FailureCategory.VALIDATION: "VALIDATION_ERROR",
    FailureCategory.TRANSIENT: "TRANSIENT_ERROR",
    FailureCategory.CANCELLED: "CANCELED",
    FailureCategory.SYSTEM: "SYSTEM_ERROR",
}


def reason_code(category: FailureCategory) -> str:
    """Return the code of a category as the older agent sent it."""
    return REASON_CODES.get(category, category.value)
