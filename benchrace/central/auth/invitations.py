"""Invitations: one-time codes with which a machine joins and gets a token of its own."""

import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchrace.api.joining import InvitationEntry
from benchrace.errors import NotFound
from benchrace.web.auth.one_time_codes import LIFE_S, CodeEnd, OneTimeCodes

_ID_BYTES = 4


class Invitations:
    """Invitations that were not used yet; of their codes only the hashes are kept, in memory.

    `now_s` measures how long they last, `wall_s` dates them.
    """

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._codes = OneTimeCodes[InvitationEntry](now_s)
        self._wall_s = wall_s

    def make(self, label: str | None) -> tuple[InvitationEntry, str]:
        """Create an invitation; return it with its code, which is shown once."""
        created_at = self._wall_s()
        entry = InvitationEntry(
            invitation_id=secrets.token_hex(_ID_BYTES),
            label=label,
            created_at=created_at,
            expires_at=created_at + LIFE_S,
        )
        return entry, self._codes.make(entry)

    def pending(self) -> tuple[InvitationEntry, ...]:
        """Return the invitations that can still be used, the oldest first."""
        return self._codes.pending()

    def using(self, code: str) -> AbstractContextManager[InvitationEntry | None]:
        """Use a code up, unless the block fails; provide None for one that is not valid."""
        return self._codes.using(code)

    def cancel(self, invitation_id: str) -> None:
        """Make an invitation's code invalid; raises `NotFound`."""
        for entry in self.pending():
            if entry.invitation_id == invitation_id:
                self._codes.cancel(entry)
                return
        raise NotFound(
            f"unknown invitation {invitation_id[:80]!r}",
            "It was used, cancelled, or has expired; GET /api/invitations lists the others.",
        )

    def why_not(self, code: str) -> str:
        """Return in words why a code is not valid."""
        match self._codes.end_of(code):
            case CodeEnd.USED:
                return "this invitation has already been used"
            case CodeEnd.EXPIRED:
                return "this invitation has expired"
            case CodeEnd.CANCELLED:
                return "this invitation was cancelled"
            case None:
                return "this central has no invitation with this code"
