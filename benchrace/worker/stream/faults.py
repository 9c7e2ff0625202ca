"""Classify a stream's fault: its category, and how the stream ended."""

import ssl

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.stream import StreamEnd

_MEANING: dict[str, tuple[Category, StreamEnd]] = {
    "unreachable": (Category.UNREACHABLE, StreamEnd.FAILED),
    "timeout_connect": (Category.TIMEOUT_CONNECT, StreamEnd.TIMED_OUT),
    "timeout_first": (Category.TIMEOUT_FIRST, StreamEnd.TIMED_OUT),
    "timeout_idle": (Category.TIMEOUT_IDLE, StreamEnd.TIMED_OUT),
    "truncated": (Category.ENDED_EARLY, StreamEnd.TRUNCATED),
    "reset": (Category.ENDED_EARLY, StreamEnd.RESET),
    "bad_output": (Category.BAD_OUTPUT, StreamEnd.BAD_OUTPUT),
    "failed": (Category.STREAM_ERROR, StreamEnd.FAILED),
}


_REWRITTEN = (
    "Give the address at which the engine itself answers: a proxy in between may compress or "
    "rewrite its answers. Measured requests ask for uncompressed answers."
)
_UNTRUSTED = (
    "Add the authority that signed it to this machine's trusted certificates, or start the agent "
    "with SSL_CERT_FILE naming that authority's file."
)


def end_of(kind: str) -> StreamEnd:
    """Return how a stream ended that ended with this fault, or well."""
    return _MEANING[kind][1] if kind in _MEANING else StreamEnd(kind)


def failure(kind: str, message: str, where: str) -> BenchraceError:
    """Create the exception for a fault at `where` (host and port)."""
    category = _MEANING[kind][0]
    remedy = _REWRITTEN if category is Category.BAD_OUTPUT else None
    return BenchraceError(category, f"{where}: {message}", remedy)


def untrusted(where: str, error: BaseException) -> BenchraceError | None:
    """Return the certificate's fault behind `error`; None where there is none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    text = f"{where}: its certificate is not trusted: {cause.verify_message}"
    return BenchraceError(Category.UNREACHABLE, text, _UNTRUSTED)


def redirected(status: int, where: str, location: str) -> BenchraceError:
    """Create the error for a redirect: a measured request goes only where it was sent."""
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"{where} answers {status} and redirects to {location!r:.200}; that is not followed",
        "Configure the address at which the engine itself answers.",
    )
