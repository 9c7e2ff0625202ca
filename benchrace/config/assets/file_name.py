"""Which names a file of an engine may have: the same one on every system, and one as shown."""

import re
import unicodedata

from benchrace.errors import FieldError, InvalidInput

MAX_BYTES = 200
# Windows takes these for devices, whatever their suffix; a share may be used from there.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_PUNCTUATION = frozenset(" ._-+@()[],=&'!#~")


def check_name(name: str, field: str = "name") -> str:
    """Return the name of one file; raises InvalidInput, with `field`, for anything else.

    Letters and digits of any script, and common punctuation: no separators, control or invisible
    characters, none that look like others (full-width forms, ligatures), no reserved names.
    """
    if reason := _refusal(name):
        shown = ascii(name[:100])
        raise InvalidInput(
            FieldError(field, f"invalid file name {shown}: {reason}"),
            "Use a plain file name, such as model-v1.safetensors.",
        )
    return name


def _refusal(name: str) -> str | None:
    if not name:
        return "it is empty"
    if "/" in name or "\\" in name:
        return "it names a folder"
    if name.startswith("."):
        return "it begins with a dot"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a blank or a dot"
    if _RESERVED.fullmatch(name):
        return "the name is reserved"
    if unicodedata.normalize("NFKC", name) != name:
        return "it has characters that can be mistaken for others"
    if odd := next((char for char in name if not _plain(char)), None):
        return f"the character U+{ord(odd):04X} is not allowed"
    if len(name.encode()) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes"
    return None


def _plain(char: str) -> bool:
    return char in _PUNCTUATION or unicodedata.category(char)[0] in "LMN"


def with_suffix(name: str, suffix: str) -> str:
    """Return `model-suffix.ext` for `model.ext`, within the limit of length."""
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    tail = f"-{suffix}{dot}{extension}"
    while len((stem + tail).encode()) > MAX_BYTES and stem:
        stem = stem[:-1]
    return f"{stem.rstrip('. ')}{tail}"
