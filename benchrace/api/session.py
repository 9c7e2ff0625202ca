"""Requests and answers about logging in."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.config.central import Watching

MAX_TOKEN_CHARS = 512
Token = Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN_CHARS)]


class Right(StrEnum):
    """What a request may do: everything, read, what an agent does, or start and stop services."""

    OPERATE = "operate"
    WATCH = "watch"
    LINK = "link"
    SERVICE = "service"


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of both: `token` is the operator's or the watchers', `code` one of a login link."""

    token: Token | None = None
    code: Token | None = None

    def __post_init__(self) -> None:
        if (self.token is None) == (self.code is None):
            raise ValueError("give a token or a code")


class LoginLinkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`watch` asks for a link with which one may only watch."""

    watch: bool = False


class LoginLink(msgspec.Struct, frozen=True, kw_only=True):
    """`path` goes after central's address and logs one browser in, within `life_s` seconds.

    `host` is what central listens on, `hosts` the names that it answers to.
    """

    path: str
    life_s: float
    host: str
    hosts: tuple[str, ...]


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What this visitor may do: `operate`, `watch`, or null until a token was shown.

    `asks` says whether this central asks for tokens, `watch` who may watch without the operator's.
    `expires_at` is the end of the session in wall seconds, null for who has none.
    """

    asks: bool
    right: Right | None
    watch: Watching
    expires_at: float | None = None
