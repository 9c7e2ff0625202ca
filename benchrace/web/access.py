"""What a request may do, by the token or the session that it shows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from benchrace.web.asgi import Scope, header, peer
from benchrace.web.attempts import Attempts
from benchrace.web.session import Sessions
from benchrace.web.token import Right, Tokens

READS = frozenset({"GET", "HEAD", "OPTIONS"})
RIGHT = "benchrace.right"
_ASK = ((b"www-authenticate", b'Bearer realm="benchrace"'),)


@dataclass(frozen=True)
class Refusal:
    status: int
    message: str
    remedy: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def _attempts() -> Attempts:
    return Attempts(most=30, window_s=60.0)


@dataclass(frozen=True, kw_only=True)
class Access:
    """`watching` lets everybody read; what is below `link_below` the agents' token may change."""

    tokens: Tokens
    sessions: Sessions | None = None
    watching: bool = False
    link_below: tuple[str, ...] = ()
    attempts: Attempts = field(default_factory=_attempts)

    def check(self, scope: Scope, *, is_open: bool) -> Refusal | None:
        """Note in the scope what the request may do; give why it is refused where it is."""
        token = bearer(scope)
        if token is not None and not is_open and (wait_s := self.attempts.wait_s(peer(scope))):
            return too_many(wait_s)
        right = self._right(scope, token)
        scope[RIGHT] = right
        if is_open:
            return None
        if token is not None and right is None:
            self.attempts.wrong(peer(scope))
        return self._refusal(scope, right)

    def lasting(self, scope: Scope) -> Callable[[], bool]:
        """Give what tells, at any later time, whether this request would still be let in."""
        token = bearer(scope)
        return lambda: self._right(scope, token) is not None

    def session_id(self, scope: Scope) -> str | None:
        """Give the session that the request's cookie names."""
        return None if self.sessions is None else _cookie(scope, self.sessions.cookie)

    def _right(self, scope: Scope, token: str | None) -> Right | None:
        # A wrong token is said to be wrong, even where everybody may watch.
        if token is not None:
            return self.tokens.right_of(token)
        session_id = self.session_id(scope)
        if self.sessions is not None and session_id is not None:
            found = self.sessions.find(session_id)
            if found is not None:
                return found[0]
        return Right.WATCH if self.watching else None

    def _refusal(self, scope: Scope, right: Right | None) -> Refusal | None:
        reads = scope["type"] == "http" and scope["method"] in READS
        match right:
            case Right.OPERATE:
                return None
            case Right.WATCH if reads:
                return None
            case Right.WATCH:
                return watching()
            case Right.LINK if scope["path"].startswith(self.link_below or ("\0",)):
                return None
            case Right.LINK:
                return of_agents()
            case None:
                return Refusal(
                    401,
                    "this needs the operator's token, and none or a wrong one came",
                    "Log in on the page, or set BENCHRACE_TOKEN for commands; a program sends "
                    "`Authorization: Bearer <token>`. The token was shown at the first start.",
                    _ASK,
                )


def right_of(scope: Scope) -> Right | None:
    """Give what the guard has found that a request may do."""
    return cast(Right | None, scope.get(RIGHT))


def bearer(scope: Scope) -> str | None:
    """Give the token of the header; None where there is no header."""
    given = header(scope, b"authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def watching() -> Refusal:
    """Refuse a change to who may only watch."""
    return Refusal(
        403,
        "you are watching: who watches can start, cancel and change nothing",
        "Log in with the operator's token, or ask an operator to do it.",
    )


def of_agents() -> Refusal:
    """Refuse people's work to who has shown the agents' token."""
    return Refusal(
        403,
        "this is the agents' token: with it a machine joins, and nothing else",
        "Use the operator's token. `benchrace central --help` says where it comes from.",
    )


def too_many(wait_s: float) -> Refusal:
    """Refuse to look at one more token of an address that has been wrong too often."""
    seconds = int(wait_s) + 1
    return Refusal(
        429,
        "too many wrong tokens came from your address",
        f"Try again in {seconds} s.",
        ((b"retry-after", str(seconds).encode()),),
    )


def _cookie(scope: Scope, name: str) -> str | None:
    """Find one cookie among those that other servers of this host may have set, well or badly."""
    for key, value in scope["headers"]:
        if key.lower() == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                found, _, text = pair.strip().partition("=")
                if found == name:
                    return str(text)
    return None
