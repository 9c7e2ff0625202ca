"""A token's file, which holds only its SHA-256 in hex."""

import secrets
from hashlib import sha256
from pathlib import Path

from benchrace.errors import BenchraceError, Category
from benchrace.redaction import SECRETS
from benchrace.store import atomic
from benchrace.web.token import sha256_of

TOKEN_BYTES = 32


def load(path: Path, configured: str | None) -> tuple[str, str | None]:
    """Return the digest of the configured, stored or new token, and the token itself if it is new.

    Raises `system` where the file is damaged. Blocks.
    """
    if configured is not None:
        return sha256_of(configured), None
    try:
        stored = path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        return replace(path)
    except OSError as error:
        raise atomic.failure(path, error) from error
    if not is_digest(stored):
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} does not hold a SHA-256 in hex",
            "Remove the file and restart central: a new token is generated and shown once.",
        )
    return stored.lower(), None


def replace(path: Path) -> tuple[str, str]:
    """Store the digest of a new token in place of the old one; return both. Blocks."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    SECRETS.add(token)
    digest = sha256_of(token)
    atomic.write_private(path, digest.encode() + b"\n")
    return digest, token


def is_digest(text: str) -> bool:
    """Check whether a text is a SHA-256 in hex."""
    try:
        return len(bytes.fromhex(text)) == sha256().digest_size
    except ValueError:
        return False
