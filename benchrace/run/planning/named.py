"""Foreign text and names in the messages of planning."""

from collections.abc import Iterable


def shown(text: str | None) -> str:
    """Truncate foreign text to fit an error message."""
    text = text or ""
    return text if len(text) <= 64 else text[:63] + "…"


def listed(names: Iterable[str], most: int = 12) -> str:
    """List names for an error message, the first `most` of them."""
    every = list(names)
    more = f", and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
