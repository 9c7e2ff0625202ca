"""The tokens of operators, watchers and services, and the checks that they differ."""

import secrets
from pathlib import Path
from typing import NamedTuple

from benchrace import permissions
from benchrace.central.auth import token_file
from benchrace.central.auth.link_token import LinkToken
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.config.central import Watching
from benchrace.errors import FieldError, InvalidInput
from benchrace.redaction import SECRETS
from benchrace.store import atomic
from benchrace.web.auth.access import Access
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.auth.session import Sessions
from benchrace.web.token import Tokens, refuse_short, sha256_of

OPERATOR = "operator.sha256"
WATCH = "watch.sha256"
LOCAL = "local.key"
# An older agent registers and reports over HTTP.
LINK_BELOW = ("/api/v1/agents/",)
AGENTS_KEY = "BENCHRACE_TOKEN (or --token)"
SERVICE_KEY = "SERVICE_CONTROL_TOKEN"


class PeoplesTokens(NamedTuple):
    """Digests in hex, and the tokens that are new, to be shown once."""

    operator: str
    watch: str | None
    made_operator: str | None
    made_watch: str | None


def load(settings: CentralSettings, folder: Path) -> PeoplesTokens | None:
    """Read or create the tokens that people must show; None where no token is required.

    Raises `InvalidInput` for tokens that cannot do their work, `system` for a damaged file. Blocks.
    """
    _check(settings)
    if not settings.asks:
        return None
    operator, made_operator = token_file.load(folder / OPERATOR, settings.operator_token)
    watch, made_watch = None, None
    if settings.watch is Watching.TOKEN:
        watch, made_watch = token_file.load(folder / WATCH, settings.watch_token)
    return PeoplesTokens(operator, watch, made_operator, made_watch)


def access(
    settings: CentralSettings,
    folder: Path,
    people: PeoplesTokens,
    link: LinkToken,
    attempts: Attempts,
    local: str | None = None,
) -> Access:
    """Build the access rules; raises `InvalidInput` for a token with two roles. Blocks."""
    for token in (settings.operator_token, settings.watch_token, settings.service_token):
        if token is not None and link.accepts(token):
            names = f"operator_token, watch_token or {SERVICE_KEY}"
            raise _same(f"{names} and the stored agent token")
    if people.operator == people.watch:
        raise _same("operator_token and watch_token")
    service = settings.service_token
    tokens = Tokens(
        operate=people.operator,
        watch=people.watch,
        local=local,
        service=None if service is None else sha256_of(service),
        is_link=link.accepts,
    )
    return Access(
        tokens=tokens,
        sessions=Sessions(folder / "sessions.json", tokens, SystemClock().wall_s),
        watching=settings.watch is Watching.EVERYBODY,
        link_below=LINK_BELOW,
        attempts=attempts,
    )


def local_key(folder: Path) -> str:
    """Create the key for commands on this machine, readable by its owner only; return its digest.

    It holds until the next start. Blocks.
    """
    key = secrets.token_urlsafe(token_file.TOKEN_BYTES)
    SECRETS.add(key)
    permissions.make_folder(folder)
    atomic.write(folder / LOCAL, key.encode() + b"\n")
    return sha256_of(key)


def _check(settings: CentralSettings) -> None:
    """Refuse a token that can be guessed, and one token for two things."""
    tokens = {
        "operator_token": settings.operator_token,
        "watch_token": settings.watch_token,
        AGENTS_KEY: settings.token,
        SERVICE_KEY: settings.service_token,
    }
    refuse_short(tokens)
    named = {name: token for name, token in tokens.items() if token is not None}
    if settings.service_token == settings.operator_token:
        # The operator may start and stop services anyway.
        named.pop(SERVICE_KEY, None)
    for token in named.values():
        alike = [name for name, other in named.items() if other == token]
        if len(alike) > 1:
            raise _same(" and ".join(alike))


def _same(names: str) -> InvalidInput:
    return InvalidInput(
        FieldError(names, "are the same token, but each must be different"),
        "Use a different token for each, or omit one: it is then generated and shown once.",
    )
