"""Codes that log one browser in, once: kept in memory, as their SHA-256 alone, for minutes."""

import secrets
import time
from collections.abc import Callable

from benchrace.web.token import Right, sha256_of

LIFE_S = 600.0
MOST = 32
_CODE_BYTES = 24


class LoginCodes:
    """Codes that were made and not used; past `MOST` the oldest is over."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._codes: dict[str, tuple[Right, float]] = {}

    def make(self, right: Right) -> str:
        """Make a code; it is said here and nowhere else."""
        code = secrets.token_urlsafe(_CODE_BYTES)
        kept = list(self._codes.items())[-(MOST - 1) :]
        self._codes = dict(kept) | {sha256_of(code): (right, self._now_s() + LIFE_S)}
        return code

    def take(self, code: str) -> Right | None:
        """Use a code up; None for one that is unknown, was used, or is too old.

        Looked up by its hash, so that the time it takes tells nothing of the codes.
        """
        right, over_s = self._codes.pop(sha256_of(code), (None, 0.0))
        return right if self._now_s() < over_s else None


def fragment(code: str) -> str:
    """Give what to put after central's address: no request and no Referer has a fragment."""
    return f"/#login={code}"
