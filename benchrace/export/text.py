"""Foreign text on its way into a document: one line, printable, not endless."""

LONGEST = 2000


def plain(text: str) -> str:
    """Leave out control, direction and other unprintable characters, and join lines."""
    kept = "".join(each if each.isprintable() else " " for each in text[: LONGEST + 1])
    line = " ".join(kept.split())
    return line if len(text) <= LONGEST else f"{line[:LONGEST]}…"
