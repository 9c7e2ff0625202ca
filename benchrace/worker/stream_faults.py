"""What a fault of a stream means for people: its category, and how the stream ended."""

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
    "Give the address at which the engine itself answers: a proxy in between may pack or rewrite "
    "its answers. What is measured is asked for as it is, without compression."
)
_UNTRUSTED = (
    "Add the authority that signed it to this machine's trusted certificates, or start the agent "
    "with SSL_CERT_FILE naming that authority's file."
)


def end_of(kind: str) -> StreamEnd:
    """Say how a stream ended that ended with this fault, or well."""
    return _MEANING[kind][1] if kind in _MEANING else StreamEnd(kind)


def failure(kind: str, message: str, where: str) -> BenchraceError:
    """Make the exception for a fault at `where` (host and port)."""
    category = _MEANING[kind][0]
    remedy = _REWRITTEN if category is Category.BAD_OUTPUT else None
    return BenchraceError(category, f"{where}: {message}", remedy)


def untrusted(where: str, error: BaseException) -> BenchraceError | None:
    """Say that a certificate is what stands behind `error`; None where it is not."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    text = f"{where}: its certificate is not trusted: {cause.verify_message}"
    return BenchraceError(Category.UNREACHABLE, text, _UNTRUSTED)


def redirected(status: int, where: str, location: str) -> BenchraceError:
    """Refuse a redirect: a measured request goes where it was told, and nowhere else."""
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"{where} answers {status} and redirects to {location!r:.200}; that is not followed",
        "Configure the address at which the engine itself answers.",
    )
