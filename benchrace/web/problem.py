"""Failures as HTTP answers: their status and their JSON."""

import msgspec

from benchrace.errors import BenchraceError, Category, Failure, NotFound

_STATUS = {
    Category.VALIDATION: 422,
    Category.BUSY: 409,
    Category.CANCELLED: 409,
    Category.UNREACHABLE: 503,
    Category.DISK_FULL: 507,
}


class Problem(BenchraceError):
    """A failure with an HTTP status other than its category's.

    `retry_after_s` is when the same request may succeed, for the header `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        category: Category,
        message: str,
        remedy: str,
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(category, message, remedy)
        self.status = status
        self.retry_after_s = retry_after_s


def status_of(error: BenchraceError) -> int:
    """Return the HTTP status of a failure."""
    match error:
        case Problem():
            return error.status
        case NotFound():
            return 404
        case _:
            return _STATUS.get(error.category, 500)


def body_of(failure: Failure) -> bytes:
    """Encode `{"error": {category, message, remedy, fields, detail}}`."""
    return msgspec.json.encode({"error": failure})
