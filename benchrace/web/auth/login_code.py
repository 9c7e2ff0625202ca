"""Login codes: what a login link allows, and where its code stands."""

from typing import NamedTuple

from benchrace.api.session import Right
from benchrace.web.auth.one_time_codes import OneTimeCodes


class Grant(NamedTuple):
    """What a login link allows.

    `token_sha256` is of the token whose holder created it: the link and its session end with it.
    None for a link that was created on central's machine, which belongs to the first token.
    """

    right: Right
    token_sha256: str | None = None


LoginCodes = OneTimeCodes[Grant]


def fragment(code: str) -> str:
    """Return the fragment to add to central's address: no request or Referer carries it."""
    return f"/#login={code}"
