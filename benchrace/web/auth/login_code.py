"""Login codes that work once, kept for minutes in memory as SHA-256 only."""

import secrets
import time
from collections.abc import Callable

from benchrace.api.session import Right
from benchrace.web.token import sha256_of

LIFE_S = 600.0
MAX_CODES = 32
_CODE_BYTES = 24


class LoginCodes:
    """Unused login codes; beyond `MAX_CODES` the oldest expires."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._codes: dict[str, tuple[Right, float]] = {}

    def make(self, right: Right) -> str:
        """Create a code; only its hash is kept."""
        code = secrets.token_urlsafe(_CODE_BYTES)
        codes = list(self._codes.items())[-(MAX_CODES - 1) :]
        self._codes = dict(codes) | {sha256_of(code): (right, self._now_s() + LIFE_S)}
        return code

    def take(self, code: str) -> Right | None:
        """Use a code up; None for one that is unknown, was used, or is too old.

        Looked up by its hash, so that the time it takes tells nothing of the codes.
        """
        right, over_s = self._codes.pop(sha256_of(code), (None, 0.0))
        return right if self._now_s() < over_s else None


def fragment(code: str) -> str:
    """Return the fragment to add to central's address: no request or Referer carries it."""
    return f"/#login={code}"
