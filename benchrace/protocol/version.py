"""Compatibility of protocol versions."""

import re

from benchrace.errors import BenchraceError, Category
from benchrace.events import PROTOCOL_MAJOR, PROTOCOL_MINOR

PROTOCOL = f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}"


def update(agent: str, central: str) -> str:
    """Name the side to update, by both versions."""
    if _numbers(agent) > _numbers(central):
        return f"Update central, which is {central}: the agent is {agent}."
    if _numbers(agent) < _numbers(central):
        return f"Update the agent, which is {agent}: central is {central}."
    return f"Install one version on both sides: both report {central}."


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version[:40]))


def check(theirs: str, who: str) -> None:
    """Reject another major version; `who` names the other side. Minor versions are compatible."""
    major, dot, minor = theirs.partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal() and len(theirs) < 16):
        raise BenchraceError(
            Category.VALIDATION,
            f"{who} sent an invalid protocol version: {theirs[:40]!r}",
            f"Update {who}.",
        )
    if int(major) != PROTOCOL_MAJOR:
        older = who if int(major) < PROTOCOL_MAJOR else "this side"
        raise BenchraceError(
            Category.VALIDATION,
            f"{who} uses protocol {theirs}, this side {PROTOCOL}",
            f"Update {older}: both must have the same major version.",
        )
