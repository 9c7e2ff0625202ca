"""Tokens, known by their SHA-256 alone, and what each of them lets its holder do."""

import enum
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 512


class Right(enum.StrEnum):
    """What a request may do: everything, read, or what an agent does."""

    OPERATE = "operate"
    WATCH = "watch"
    LINK = "link"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """`operate` and `watch` are hex digests; `is_link` says whether a token is the agents'."""

    operate: str
    watch: str | None = None
    is_link: Callable[[str], bool] | None = None

    def right_of(self, token: str) -> Right | None:
        """Give what a token allows, None for a wrong one; each one known is compared."""
        if len(token) > LONGEST:
            return None
        link = self.is_link is not None and self.is_link(token)
        return self.right_of_digest(sha256_of(token)) or (Right.LINK if link else None)

    def right_of_digest(self, digest: str) -> Right | None:
        """Give what the token with this digest allows people."""
        watches = hmac.compare_digest(digest, self.watch or "")
        if hmac.compare_digest(digest, self.operate):
            return Right.OPERATE
        return Right.WATCH if watches else None


def sha256_of(token: str) -> str:
    """Give the hex digest under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
