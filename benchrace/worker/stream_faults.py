"""What a fault of a stream means for people: its category, and how the stream ended."""

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


def end_of(kind: str) -> StreamEnd:
    """Say how a stream ended that ended with this fault, or well."""
    return _MEANING[kind][1] if kind in _MEANING else StreamEnd(kind)


def failure(kind: str, message: str, where: str) -> BenchraceError:
    """Make the exception for a fault at `where` (host and port)."""
    return BenchraceError(_MEANING[kind][0], f"{where}: {message}")


def redirected(status: int, where: str, location: str) -> BenchraceError:
    """Refuse a redirect: a measured request goes where it was told, and nowhere else."""
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"{where} answers {status} and redirects to {location!r:.200}; that is not followed",
        "Configure the address at which the engine itself answers.",
    )
