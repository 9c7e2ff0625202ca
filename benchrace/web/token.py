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
    """`operate`, `watch` and `local` are hex digests; `is_link` tells the agents' token.

    `local` is of the key that commands on central's machine read.
    """

    operate: str
    watch: str | None = None
    local: str | None = None
    is_link: Callable[[str], bool] | None = None

    def right_of(self, token: str) -> Right | None:
        """Give what a token allows, None for a wrong one; each one known is compared."""
        if len(token) > LONGEST:
            return None
        link = self.is_link is not None and self.is_link(token)
        digest = sha256_of(token)
        if hmac.compare_digest(digest, self.local or ""):
            return Right.OPERATE
        return self.right_of_digest(digest) or (Right.LINK if link else None)

    def digest_of(self, right: Right) -> str | None:
        """Give the digest of the token that gives people a right, None where there is none."""
        match right:
            case Right.OPERATE:
                return self.operate
            case Right.WATCH:
                return self.watch
            case Right.LINK:
                return None

    def right_of_digest(self, digest: str) -> Right | None:
        """Give what the token with this digest allows people."""
        watches = hmac.compare_digest(digest, self.watch or "")
        if hmac.compare_digest(digest, self.operate):
            return Right.OPERATE
        return Right.WATCH if watches else None


def sha256_of(token: str) -> str:
    """Give the hex digest under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
