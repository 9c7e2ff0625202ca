"""The head of a result as lines of text, the same in the terminal and in every export."""

from collections.abc import Iterator

from benchrace.formatting import plural
from benchrace.run.result import Result


def head(result: Result) -> tuple[str, ...]:
    """Return who won and by how much, the values, and how sure that is."""
    return tuple(filter(None, (outcome(result), result.detail, doubts(result))))


def outcome(result: Result) -> str:
    """Return the headline with its margin: `small-q8 wins, 2.2x faster (95 % interval ...)`."""
    parts = ", ".join(filter(None, (result.headline, result.margin)))
    return f"{parts} ({result.interval})" if result.interval else parts


def doubts(result: Result) -> str:
    """Return the confidence with its reasons, and what would raise it."""
    return " ".join((result.confidence.text, *_advice(result)))


def _advice(result: Result) -> Iterator[str]:
    if result.more_rounds is not None:
        rounds = plural(result.more_rounds, "more round")
        yield f"{rounds} in each lane would probably decide it."
