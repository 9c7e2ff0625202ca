"""Which protocol versions understand each other."""

import re

from benchrace.errors import BenchraceError, Category
from benchrace.events import PROTOCOL_MAJOR, PROTOCOL_MINOR

PROTOCOL = f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}"


def update(agent: str, central: str) -> str:
    """Say which side to update, by the versions that both have."""
    if _numbers(agent) > _numbers(central):
        return f"Update central, which is {central}: the agent is {agent}."
    if _numbers(agent) < _numbers(central):
        return f"Update the agent, which is {agent}: central is {central}."
    return f"Install one version on both sides: each says that it is {central}."


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d{1,9}", version[:40]))


def check(theirs: str, who: str) -> None:
    """Refuse another major version, in words; `who` names the other side. Minors get along."""
    major, dot, minor = theirs.partition(".")
    if not (dot and major.isdecimal() and minor.isdecimal() and len(theirs) < 16):
        raise BenchraceError(
            Category.VALIDATION,
            f"{who} names no protocol version that can be read: {theirs[:40]!r}",
            f"Update {who}.",
        )
    if int(major) != PROTOCOL_MAJOR:
        older = who if int(major) < PROTOCOL_MAJOR else "this side"
        raise BenchraceError(
            Category.VALIDATION,
            f"{who} speaks protocol {theirs} and this side {PROTOCOL}",
            f"Update {older}: both must have the same major version.",
        )
