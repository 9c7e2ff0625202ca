"""Tokens, of which only the SHA-256 is kept, and what each of them allows."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchrace.api.session import MAX_TOKEN_CHARS, Right
from benchrace.errors import FieldError, InvalidInput

MIN_CHARS = 12
_MAKE = 'python3 -c "import secrets; print(secrets.token_urlsafe())"'


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """`operate`, `watch`, `local` and `service` are hex digests; `is_link` tells the agent token.

    `local` is of the key that commands on central's machine read.
    """

    operate: str
    watch: str | None = None
    local: str | None = None
    service: str | None = None
    is_link: Callable[[str], bool] | None = None

    def right_of(self, token: str) -> Right | None:
        """Return what a token allows, None for a wrong one; all tokens are compared."""
        if len(token) > MAX_TOKEN_CHARS:
            return None
        link = self.is_link is not None and self.is_link(token)
        digest = sha256_of(token)
        service = hmac.compare_digest(digest, self.service or "")
        if hmac.compare_digest(digest, self.local or ""):
            return Right.OPERATE
        if (right := self.right_of_digest(digest)) is not None:
            return right
        if link:
            return Right.LINK
        return Right.SERVICE if service else None

    def is_local(self, token: str) -> bool:
        """Check whether this is the key that commands on central's machine read."""
        return hmac.compare_digest(sha256_of(token), self.local or "")

    def digest_of(self, right: Right) -> str | None:
        """Return the digest of the token that gives people a right, None where there is none."""
        match right:
            case Right.OPERATE:
                return self.operate
            case Right.WATCH:
                return self.watch
            case Right.LINK | Right.SERVICE:
                return None

    def right_of_digest(self, digest: str) -> Right | None:
        """Return what the token with this digest allows people."""
        watches = hmac.compare_digest(digest, self.watch or "")
        if hmac.compare_digest(digest, self.operate):
            return Right.OPERATE
        return Right.WATCH if watches else None


def refuse_short(tokens: Mapping[str, str | None]) -> None:
    """Raise `InvalidInput` for a token that could be guessed, by the key that gave it."""
    short = [
        FieldError(
            name,
            f"the token has {len(token)} characters and could be guessed: "
            f"at least {MIN_CHARS} are needed",
        )
        for name, token in tokens.items()
        if token is not None and len(token) < MIN_CHARS
    ]
    if short:
        raise InvalidInput(short, f"Create one with: {_MAKE}")


def same_token(shown: str, expected: str) -> bool:
    """Compare tokens in constant time."""
    if len(shown) > MAX_TOKEN_CHARS:
        return False
    return hmac.compare_digest(sha256_of(shown), sha256_of(expected))


def sha256_of(token: str) -> str:
    """Return the hex digest under which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
