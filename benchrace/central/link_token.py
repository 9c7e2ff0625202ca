"""The token that agents show: kept as its SHA-256 alone, compared in constant time."""

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic

TOKEN_BYTES = 32
LONGEST = 512


class LinkToken:
    """What an agent must know to join."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    @classmethod
    def of(cls, token: str) -> "LinkToken":
        return cls(_digest(token))

    def accepts(self, shown: str | None) -> bool:
        """Compare in a time that tells nothing of the token."""
        known = shown is not None and len(shown) <= LONGEST
        return hmac.compare_digest(self._digest, _digest(shown or "")) and known


def load(path: Path, given: str | None) -> tuple[LinkToken, str | None]:
    """Take the given token, the stored one, or make one; the new one comes back to be shown once.

    `path` holds its hash in hex. Raises `system` where the file is damaged.
    """
    if given is not None:
        return LinkToken.of(given), None
    try:
        stored = path.read_text().strip()
    except FileNotFoundError:
        made = secrets.token_urlsafe(TOKEN_BYTES)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(path, _digest(made).hex().encode() + b"\n", mode=0o600)
        return LinkToken.of(made), made
    try:
        digest = bytes.fromhex(stored)
    except ValueError:
        digest = b""
    if len(digest) != sha256().digest_size:
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} holds no SHA-256",
            "Remove the file: a new token is made and shown, and the agents must be given it.",
        )
    return LinkToken(digest), None


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
