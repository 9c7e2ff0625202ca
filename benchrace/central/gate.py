"""Whether central asks people for a token, and what the operator's and the watchers' token are."""

import secrets
from pathlib import Path
from typing import NamedTuple

from benchrace.central import secret
from benchrace.central.link_token import LinkToken
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.config.central import Watching
from benchrace.errors import FieldError, InvalidInput
from benchrace.store import atomic
from benchrace.web.access import Access
from benchrace.web.session import Sessions
from benchrace.web.token import Tokens, sha256_of

OPERATOR = "operator.sha256"
WATCH = "watch.sha256"
LOCAL = "local.key"
# An older agent registers and reports over HTTP.
LINK_BELOW = ("/api/v1/agents/",)
SHORTEST = 12


class PeoplesTokens(NamedTuple):
    """Digests in hex, and the tokens that were made just now, to be shown once."""

    operator: str
    watch: str | None
    made_operator: str | None
    made_watch: str | None


def load(settings: CentralSettings, folder: Path) -> PeoplesTokens | None:
    """Take, find or make what people must show; None where they are asked for nothing.

    Raises `InvalidInput` for tokens that cannot do their work, `system` for a damaged file. Blocks.
    """
    _check(settings)
    if not settings.asks:
        return None
    operator, made_operator = secret.load(folder / OPERATOR, settings.operator_token)
    watch, made_watch = None, None
    if settings.watch is Watching.TOKEN:
        watch, made_watch = secret.load(folder / WATCH, settings.watch_token)
    return PeoplesTokens(operator, watch, made_operator, made_watch)


def access(
    settings: CentralSettings,
    folder: Path,
    people: PeoplesTokens,
    link: LinkToken,
    local: str | None = None,
) -> Access:
    """Say who may do what; raises `InvalidInput` for one token that would do two things. Blocks."""
    for token in (settings.operator_token, settings.watch_token):
        if token is not None and link.accepts(token):
            raise _same("operator_token or watch_token and the agents' token that is kept")
    if people.operator == people.watch:
        raise _same("operator_token and watch_token")
    tokens = Tokens(operate=people.operator, watch=people.watch, local=local, is_link=link.accepts)
    return Access(
        tokens=tokens,
        sessions=Sessions(folder / "sessions.json", tokens, SystemClock().wall_s),
        watching=settings.watch is Watching.EVERYBODY,
        link_below=LINK_BELOW,
    )


def local_key(folder: Path) -> str:
    """Make the key for commands on this machine, for its owner alone to read; give its digest.

    It holds until the next start. Blocks.
    """
    key = secrets.token_urlsafe(secret.TOKEN_BYTES)
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write(folder / LOCAL, key.encode() + b"\n", mode=0o600)
    return sha256_of(key)


def _check(settings: CentralSettings) -> None:
    """Refuse a token that can be guessed, and one token for two things."""
    given = {
        "operator_token": settings.operator_token,
        "watch_token": settings.watch_token,
        "the agents' token": settings.token,
    }
    named = {name: token for name, token in given.items() if token is not None}
    for name in ("operator_token", "watch_token"):
        if name in named and len(named[name]) < SHORTEST:
            raise InvalidInput(
                FieldError(name, f"has fewer than {SHORTEST} characters, and could be guessed"),
                "Give a longer one, or none: one is made then, and shown once.",
            )
    if len(set(named.values())) < len(named):
        raise _same(" and ".join(named))


def _same(names: str) -> InvalidInput:
    return InvalidInput(
        FieldError(names, "are the same: who has one of them would have all"),
        "Give each its own, or leave one out: it is made then, and shown once.",
    )
