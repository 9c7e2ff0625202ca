"""One-time login links, which the running central creates for its own machine."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchrace.cli.service.advertised_address import advertised_urls

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings
    from benchrace.web.auth.login_code import LoginCodes


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """`url` logs in whoever opens it first, within `life_s` seconds."""

    url: str
    life_s: float


def make(data: Path, *, watch: bool) -> Link:
    """Ask the central of a data folder for a link, by the key that it left for its owner.

    Raises where none runs, where the key cannot be read, and where no login is needed.
    """
    from benchrace.api.session import LoginLink, LoginLinkRequest
    from benchrace.cli.central.connection import operator_client

    with operator_client(None, None, data) as client:
        body = client.post("/api/login-link", msgspec.to_builtins(LoginLinkRequest(watch=watch)))
        answer = client.convert(body, LoginLink)
        base = advertised_urls(client.url, answer.host, answer.hosts)[0]
    return Link(url=base + answer.path, life_s=answer.life_s)


def link_lines(data: Path) -> tuple[str, ...]:
    """Return lines with a login link, only for a terminal: a log would keep it."""
    return _lines(make(data, watch=False).url) if sys.stdout.isatty() else ()


def first_link(settings: "CentralSettings", url: str, codes: "LoginCodes") -> tuple[str, ...]:
    """Return lines with a login link from within central, only for a terminal."""
    from benchrace.api.session import Right
    from benchrace.web.auth.login_code import Grant, fragment

    if not settings.asks or not sys.stdout.isatty():
        return ()
    base = advertised_urls(url, settings.host, settings.hosts)[0]
    return _lines(base + fragment(codes.make(Grant(Right.OPERATE))))


def _lines(link: str) -> tuple[str, ...]:
    return (
        f"one-time login link, valid for ten minutes: {link}",
        "for another: benchrace central login-link",
    )
