"""Tokens, of which only the SHA-256 is kept, and what each of them allows."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from benchrace.api.session import MAX_TOKEN_CHARS, Right
from benchrace.errors import FieldError, InvalidInput

MIN_CHARS = 12
_MAKE = 'python3 -c "import secrets; print(secrets.token_urlsafe())"'
_PEOPLE = frozenset({Right.OPERATE, Right.WATCH})


def _forget(_digest: str) -> None:
    """Keep no record of uses."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """`entries` returns the hex digests of all tokens that are valid now, each with its right.

    Where two are alike, the first counts. `local` is of the key that commands on central's machine
    read. `on_use` gets the digest of each token that was accepted.
    """

    entries: Callable[[], Iterable[tuple[str, Right]]]
    local: str | None = None
    on_use: Callable[[str], None] = _forget

    def right_of(self, token: str) -> Right | None:
        """Return what a token allows, None for a wrong one; all tokens are compared."""
        if len(token) > MAX_TOKEN_CHARS:
            return None
        digest = sha256_of(token)
        right = self._find(digest)
        return Right.OPERATE if hmac.compare_digest(digest, self.local or "") else right

    def is_local(self, token: str) -> bool:
        """Check whether this is the key that commands on central's machine read."""
        return hmac.compare_digest(sha256_of(token), self.local or "")

    def right_of_digest(self, digest: str) -> Right | None:
        """Return what the token with this digest allows people."""
        right = self._find(digest)
        return right if right in _PEOPLE else None

    def _find(self, digest: str) -> Right | None:
        rights = [right for valid, right in self.entries() if hmac.compare_digest(digest, valid)]
        if not rights:
            return None
        self.on_use(digest)
        return rights[0]


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
