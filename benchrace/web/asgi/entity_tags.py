"""Strong entity tags, and whether a client has what one names."""

import hashlib

from benchrace.web.asgi.codings import values
from benchrace.web.asgi.types import Scope

_DIGEST_BYTES = 16


def tag_of(data: bytes) -> str:
    """Return the strong tag of content."""
    return f'"{hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()}"'


def with_coding(tag: str, coding: str | None) -> str:
    """Return the tag of the same content in a coding, whose bytes differ."""
    return tag if coding is None else f'{tag[:-1]}-{coding}"'


def has(scope: Scope, tag: str) -> bool:
    """Check whether a request's `If-None-Match` has a tag."""
    for text in values(scope, b"if-none-match"):
        names = [name.strip().removeprefix("W/") for name in text.split(",")]
        if tag in names or names == ["*"]:
            return True
    return False
