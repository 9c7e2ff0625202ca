"""Links that log one browser in, once: the running central makes them for its own machine."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchrace.cli.reach import reached_at
from benchrace.cli.service import central_service
from benchrace.errors import BenchraceError, Category

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings
    from benchrace.web.login_code import LoginCodes


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """`url` logs in whoever opens it first, within `life_s` seconds."""

    url: str
    life_s: float


def make(data: Path, *, watch: bool) -> Link:
    """Ask the central of a data folder for a link, by the key that it left for its owner.

    Raises where none runs, where the key cannot be read, and where no login is needed.
    """
    from benchrace.central.gate import LOCAL
    from benchrace.central.routes_login import LinkWanted, LoginLink
    from benchrace.cli.client import Client

    record = central_service(data).living()
    if record is None:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no central serves the data folder {data}",
            "Start it with `benchrace central start`, or say which folder with --data-dir.",
        )
    with Client(record.url, _key(data / "central" / LOCAL)) as client:
        body = client.post("/api/login-link", msgspec.to_builtins(LinkWanted(watch=watch)))
    told = msgspec.convert(body, LoginLink)
    base = reached_at(record.url, told.host, told.hosts)[0]
    return Link(url=base + told.path, life_s=told.life_s)


def link_lines(data: Path) -> tuple[str, ...]:
    """Say a link for the operator, to a terminal alone: what is written to a log stays there."""
    return _said(make(data, watch=False).url) if sys.stdout.isatty() else ()


def first_link(settings: "CentralSettings", url: str, codes: "LoginCodes") -> tuple[str, ...]:
    """Say a link for the operator from within central, to a terminal alone."""
    from benchrace.web.login_code import fragment
    from benchrace.web.token import Right

    if not settings.asks or not sys.stdout.isatty():
        return ()
    base = reached_at(url, settings.host, settings.hosts)[0]
    return _said(base + fragment(codes.make(Right.OPERATE)))


def _said(link: str) -> tuple[str, ...]:
    return (
        f"log one browser in, within ten minutes: {link}",
        "another one: benchrace central login-link",
    )


def _key(path: Path) -> str | None:
    """Read the key; None where central asks nobody and so left none, which it then says."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} cannot be read: {error.strerror}",
            "Run this as the user that central runs as.",
        ) from error
