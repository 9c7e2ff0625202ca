"""Foreign text made safe for a document: one line, printable, of limited length."""

MAX_CHARS = 2000


def plain(text: str) -> str:
    """Remove control, direction and other unprintable characters, and join lines."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: MAX_CHARS + 1])
    line = " ".join(printable.split())
    return line if len(text) <= MAX_CHARS else f"{line[:MAX_CHARS]}…"
