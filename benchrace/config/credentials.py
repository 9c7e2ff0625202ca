"""Keys and tokens as users enter them, with surrounding whitespace removed."""

from benchrace.errors import FieldError, InvalidInput
from benchrace.redaction import SECRETS

UNFIT = "contains a control or non-ASCII character, which is not allowed in a header"


def credential(name: str, text: str | None) -> str | None:
    """Return a key or token without the blanks and newlines around it, None where nothing is left.

    It is redacted from all texts from now on. Raises InvalidInput, with `name` and never with the
    value, for what no HTTP header can carry.
    """
    trimmed = (text or "").strip()
    SECRETS.add(trimmed)
    if not all(" " <= character <= "~" for character in trimmed):
        raise InvalidInput(FieldError(name, UNFIT), f"Correct {name}, or create a new one.")
    return trimmed or None
