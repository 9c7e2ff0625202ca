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


def unknown_machine(name: str, machine_ids: Iterable[str]) -> str:
    """Return the message for a machine that central does not know."""
    return f'unknown machine "{shown(name)}"; known: {listed(machine_ids) or "none yet"}'
