"""What a request may do, by its token or session."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from benchrace.api.session import Right
from benchrace.web.asgi.types import Scope, header, is_local, peer
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.auth.session import Sessions
from benchrace.web.token import Tokens, sha256_of

READS = frozenset({"GET", "HEAD", "OPTIONS"})
RIGHT = "benchrace.right"
LASTING_S = 1.0
_ASK = ((b"www-authenticate", b'Bearer realm="benchrace"'),)


@dataclass(frozen=True)
class Refusal:
    status: int
    message: str
    remedy: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Access:
    """`watching` lets everybody read; what is below `link_below` the agent token may change."""

    tokens: Tokens
    sessions: Sessions | None = None
    watching: bool = False
    link_below: tuple[str, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)

    def check(self, scope: Scope, *, is_open: bool) -> Refusal | None:
        """Note in the scope what the request may do; return why it is refused where it is.

        A token is judged wherever it is shown: an open path, too, reveals whether it is right.
        """
        token = bearer(scope)
        right = self._right(scope, token)
        if token is not None and (wait_s := self._judge(scope, token, right)):
            return too_many(wait_s)
        scope[RIGHT] = right
        return None if is_open else self._refusal(scope, right)

    def lasting(self, scope: Scope) -> Callable[[], bool]:
        """Return a check, to be called later, of whether this request would still be allowed.

        It is up to date to within a second.
        """
        token = bearer(scope)
        checked_s, allowed = float("-inf"), True

        def is_allowed() -> bool:
            # A stream looks before each frame, and all tokens are compared.
            nonlocal checked_s, allowed
            if (now_s := time.monotonic()) - checked_s >= LASTING_S:
                checked_s, allowed = now_s, self._right(scope, token) is not None
            return allowed

        return is_allowed

    def session_id(self, scope: Scope) -> str | None:
        """Return the session that the request's cookie names."""
        return None if self.sessions is None else _cookie(scope, self.sessions.cookie)

    def credential(self, scope: Scope) -> str | None:
        """Return the digest of the token that a request shows, or that began its session.

        None for the key of central's machine, which lasts only until the next start.
        """
        token = bearer(scope)
        if token is not None:
            return None if self.tokens.is_local(token) else sha256_of(token)
        session_id = self.session_id(scope)
        if self.sessions is None or session_id is None:
            return None
        entry = self.sessions.find(session_id)
        return None if entry is None else entry[1].token_sha256

    def _judge(self, scope: Scope, token: str, right: Right | None) -> float:
        # Whoever guesses here must not keep out this machine's own agents and commands.
        own = right is Right.LINK or (right is not None and self.tokens.is_local(token))
        exempt = own and is_local(scope)
        return self.attempts.judge(peer(scope), token, right=right is not None, exempt=exempt)

    def _right(self, scope: Scope, token: str | None) -> Right | None:
        # A wrong token is said to be wrong, even where everybody may watch.
        if token is not None:
            return self.tokens.right_of(token)
        session_id = self.session_id(scope)
        if self.sessions is not None and session_id is not None:
            entry = self.sessions.find(session_id)
            if entry is not None:
                return entry[0]
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
            case Right.SERVICE:
                return of_services()
            case None:
                return Refusal(
                    401,
                    "the operator token is required, but is missing or wrong",
                    "Log in on the page, or set BENCHRACE_TOKEN for commands; programs send "
                    "`Authorization: Bearer <token>`. Central printed it on its first start.",
                    _ASK,
                )


def right_of(scope: Scope) -> Right | None:
    """Return the right that the guard has determined for a request."""
    return cast(Right | None, scope.get(RIGHT))


def bearer(scope: Scope) -> str | None:
    """Return the token of the header; None if it is missing."""
    value = header(scope, b"authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def watching() -> Refusal:
    """Refuse a change to a watcher."""
    return Refusal(
        403,
        "you are a watcher: only operators can start, cancel or change anything",
        "Log in with the operator token, or ask an operator to do it.",
    )


def of_agents() -> Refusal:
    """Refuse everything but an agent's routes to the agent token."""
    return Refusal(
        403,
        "this is the agent token, which only lets machines join",
        "Use the operator token. `benchrace central --help` says where it comes from.",
    )


def of_services() -> Refusal:
    """Refuse everything but services to the token for service control."""
    return Refusal(
        403,
        "this is the service token, which only starts and stops services",
        "Use the operator token. `benchrace central --help` says where it comes from.",
    )


def too_many(wait_s: float) -> Refusal:
    """Refuse the tokens and codes of an address that has been wrong too often."""
    seconds = int(wait_s) + 1
    return Refusal(
        429,
        "too many wrong tokens from your address",
        f"Try again in {seconds} s.",
        ((b"retry-after", str(seconds).encode()),),
    )


def _cookie(scope: Scope, name: str) -> str | None:
    """Return one cookie among those that other servers of this host may have set, well or badly."""
    for key, value in scope["headers"]:
        if key.lower() == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                label, _, text = pair.strip().partition("=")
                if label == name:
                    return str(text)
    return None
