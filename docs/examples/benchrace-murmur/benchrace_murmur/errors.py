"""The meaning of murmur's errors."""

from benchrace.plugin import BenchraceError, Category, error_of


def refusal(status: int, text: str) -> BenchraceError:
    """Return the meaning of an error response, or of an error in a stream (status 200)."""
    message = error_of(text).message or f"status {status} without a message"
    if status == 404:
        return missing(message)
    if status == 503:
        remedy = "Wait until it has answered its other clients."
        return BenchraceError(Category.BUSY, f"murmur is busy: {message}", remedy)
    remedy = "Check murmur's log: journalctl -u murmur."
    return BenchraceError(Category.STREAM_ERROR, f"murmur reports: {message}", remedy)


def missing(message: str) -> BenchraceError:
    """Return the error of a model that murmur does not have."""
    return BenchraceError(Category.MISSING_MODEL, message, "Add the model with: murmur add MODEL")
