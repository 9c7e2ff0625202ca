"""Classify a plugin's exception: a failure to report, or a bug."""

import traceback

import msgspec

from benchrace import structs
from benchrace.errors import REMEDY, BenchraceError, Category, Failure
from benchrace.worker.lanes.throttle import cut

_DETAIL = 16_000


def foreseen(error: BaseException) -> BenchraceError | None:
    """Return the failure that `error` stands for, None where it is a bug of the plugin.

    A group counts as its first failure where all of it was foreseen.
    """
    match error:
        case BenchraceError():
            category = _checked(error)
            if category is not None and category.category is Category.PLUGIN_ERROR:
                category.detail = category.detail or _traceback(error)
            return category
        case MemoryError():
            return BenchraceError(
                Category.OUT_OF_MEMORY,
                f"out of memory: {error}".rstrip(": "),
                detail=_traceback(error),
            )
        case BaseExceptionGroup(exceptions=inner):
            categories = [foreseen(category) for category in inner]
            return categories[0] if all(category is not None for category in categories) else None
        case _:
            return None


def _checked(error: BenchraceError) -> BenchraceError | None:
    """Reject a malformed error: no reader of the log could decode it."""
    try:
        parts = msgspec.to_builtins(error.failure())
        for part in ("message", "remedy"):
            parts[part] = cut(parts[part])
        parts["detail"] = parts["detail"] and cut(parts["detail"])
        return BenchraceError.of(structs.convert(parts, Failure))
    except (TypeError, ValueError):
        return None


def bug(error: BaseException, doing: str) -> Failure:
    """Describe a plugin's bug, with its traceback."""
    description = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Failure(
        category=Category.PLUGIN_ERROR,
        message=cut(f"{doing} failed: {description}"),
        remedy=REMEDY[Category.PLUGIN_ERROR],
        detail=_traceback(error),
    )


def _traceback(error: BaseException) -> str:
    return cut("".join(traceback.format_exception(error))[-_DETAIL:])


def failure_of(error: BaseException, doing: str) -> Failure:
    """Describe any exception as a value."""
    category = foreseen(error)
    return bug(error, doing) if category is None else category.failure()
