"""What an exception of a plugin means: a failure that people should read, or a bug."""

import traceback

import msgspec

from benchrace.errors import REMEDY, BenchraceError, Category, Failure
from benchrace.worker.display import cut

_DETAIL = 16_000


def foreseen(error: BaseException) -> BenchraceError | None:
    """Give the failure that `error` stands for, None where it is a bug of the plugin.

    A group counts as its first failure where all of it was foreseen.
    """
    match error:
        case BenchraceError():
            return _checked(error)
        case MemoryError():
            return BenchraceError(
                Category.OUT_OF_MEMORY, f"the memory did not suffice: {error}".rstrip(": ")
            )
        case BaseExceptionGroup(exceptions=inner):
            found = [foreseen(each) for each in inner]
            return found[0] if all(each is not None for each in found) else None
        case _:
            return None


def _checked(error: BenchraceError) -> BenchraceError | None:
    """Refuse one that was made of the wrong parts: no reader of the log could decode it."""
    try:
        parts = msgspec.to_builtins(error.failure())
        for part in ("message", "remedy"):
            parts[part] = cut(parts[part])
        parts["detail"] = parts["detail"] and cut(parts["detail"])
        return BenchraceError.of(msgspec.convert(parts, Failure))
    except (TypeError, ValueError):
        return None


def bug(error: BaseException, doing: str) -> Failure:
    """Describe a plugin's bug, with its traceback."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Failure(
        category=Category.PLUGIN_ERROR,
        message=cut(f"{doing} failed: {said}"),
        remedy=REMEDY[Category.PLUGIN_ERROR],
        detail=cut("".join(traceback.format_exception(error))[-_DETAIL:]),
    )


def failure_of(error: BaseException, doing: str) -> Failure:
    """Describe any exception as a value."""
    known = foreseen(error)
    return bug(error, doing) if known is None else known.failure()
