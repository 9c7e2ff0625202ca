"""A digest of how a model splits one text, which is equal for one tokenizer on any server."""

import hashlib
from typing import Any

import msgspec

from benchrace import structs

TOKENIZED_TEXT = (
    "Zwölf Boxkämpfer jagen 1234567890 quick brown foxes;\n\tif (x != 0) { 日本語 мир 🙂 }"
)


class _Tokens(msgspec.Struct, frozen=True):
    tokens: tuple[int, ...]


def tokens_digest(answer: Any) -> str | None:
    """Return the digest of an answer to `/tokenize` with that text; None if it has no tokens."""
    try:
        tokens = structs.convert(answer, _Tokens).tokens
    except msgspec.ValidationError:
        return None
    return hashlib.sha256(msgspec.json.encode(tokens)).hexdigest() if tokens else None
