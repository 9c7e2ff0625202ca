"""How a person names one file of several: by its name, or the beginning of its SHA-256."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from benchrace.errors import NotFound

_MIN_DIGITS = 8


class Named(Protocol):
    """A file that has both."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...


T = TypeVar("T", bound=Named)


def named(files: Sequence[T], text: str, listing: str) -> T:
    """Return the file with this name, or whose digest begins so.

    Raises NotFound; `listing` is the command that lists them.
    """
    matches = [file for file in files if file.name == text]
    if not matches and len(text) >= _MIN_DIGITS:
        matches = [file for file in files if file.sha256.startswith(text.lower())]
    if len(matches) == 1:
        return matches[0]
    if matches:
        digests = ", ".join(file.sha256[:12] for file in matches)
        raise NotFound(f"several assets match {text[:100]!r}", f"Name one of: {digests}.")
    raise NotFound(f"unknown asset {text[:100]!r}", f"List the assets with `{listing}`.")
