"""A token on the disk: its SHA-256 alone, in hex; a new one is made where there is none."""

import secrets
from hashlib import sha256
from pathlib import Path

from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.web.token import sha256_of

TOKEN_BYTES = 32


def load(path: Path, given: str | None) -> tuple[str, str | None]:
    """Give the digest of the given token, or the stored one; a token made now comes with it.

    Raises `system` where the file is damaged. Blocks.
    """
    if given is not None:
        return sha256_of(given), None
    try:
        stored = path.read_text().strip()
    except FileNotFoundError:
        made = secrets.token_urlsafe(TOKEN_BYTES)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256_of(made)
        atomic.write(path, digest.encode() + b"\n", mode=0o600)
        return digest, made
    if not is_digest(stored):
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} holds no SHA-256",
            "Remove the file: a new token is made and shown, and those who use it must be told.",
        )
    return stored.lower(), None


def is_digest(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hex."""
    try:
        return len(bytes.fromhex(text)) == sha256().digest_size
    except ValueError:
        return False
