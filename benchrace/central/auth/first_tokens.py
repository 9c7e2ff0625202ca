"""The token of each role that central has from its first start or from its configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from benchrace.api.tokens import TokenRole
from benchrace.central.auth import token_file
from benchrace.central.settings import CentralSettings
from benchrace.config.central import Watching
from benchrace.errors import FieldError, InvalidInput
from benchrace.web.token import refuse_short

AGENT = "token.sha256"
OPERATOR = "operator.sha256"
WATCH = "watch.sha256"
AGENTS_KEY = "BENCHRACE_TOKEN (or --token)"
SERVICE_KEY = "SERVICE_CONTROL_TOKEN"
_SET_IN = {
    TokenRole.AGENT: "in BENCHRACE_TOKEN, --token or --token-fd of central",
    TokenRole.OPERATOR: "as `operator_token` in central.yaml, or in BENCHRACE_OPERATOR_TOKEN",
    TokenRole.WATCHER: "as `watch_token` in central.yaml, or in BENCHRACE_WATCH_TOKEN",
}


class FirstToken(NamedTuple):
    """`path` holds the digest of a generated token; None where the token is configured."""

    role: TokenRole
    sha256: str
    path: Path | None

    @property
    def set_in(self) -> str | None:
        """Where a configured token is set, None for a generated one."""
        return _SET_IN[self.role] if self.path is None else None


class FirstTokens(NamedTuple):
    """`new` has the tokens that were generated just now, to be shown once."""

    tokens: Mapping[TokenRole, FirstToken]
    new: Mapping[TokenRole, str]


def load(settings: CentralSettings, folder: Path) -> FirstTokens:
    """Read or create the tokens that this central needs.

    Raises `InvalidInput` for tokens that cannot do their work, `system` for a damaged file. Blocks.
    """
    _check(settings)
    wanted = [(TokenRole.AGENT, AGENT, settings.token)]
    if settings.asks:
        wanted.append((TokenRole.OPERATOR, OPERATOR, settings.operator_token))
    if settings.asks and settings.watch is Watching.TOKEN:
        wanted.append((TokenRole.WATCHER, WATCH, settings.watch_token))
    tokens, new = {}, {}
    for role, name, configured in wanted:
        digest, token = token_file.load(folder / name, configured)
        tokens[role] = FirstToken(role, digest, None if configured is not None else folder / name)
        if token is not None:
            new[role] = token
    return FirstTokens(tokens, new)


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
            raise same_tokens(" and ".join(alike))


def same_tokens(names: str) -> InvalidInput:
    """Return the error of one token for two things."""
    return InvalidInput(
        FieldError(names, "are the same token, but each must be different"),
        "Use a different token for each, or omit one: it is then generated and shown once.",
    )
