"""What the routes of central work on."""

from dataclasses import dataclass, field

from anyio import CapacityLimiter

from benchrace.central.auth.invitations import Invitations
from benchrace.central.ceilings.stored import StoredCeilings
from benchrace.central.central import Central
from benchrace.central.demo import Demo
from benchrace.central.runs.earlier import EarlierRuns
from benchrace.central.runs.retention import Retention
from benchrace.store.index import Index
from benchrace.web.auth.access import Access
from benchrace.web.auth.login_code import LoginCodes
from benchrace.web.shutdown import Shutdown
from benchrace.web.sse import Viewers

MAX_COSTLY = 2


@dataclass(frozen=True)
class RouteContext:
    """`access` is None where people are asked for no token.

    `costly` limits what takes a processor for a while, so that whoever reads spoils no measurement
    of this machine.
    """

    central: Central
    index: Index
    earlier: EarlierRuns
    ceilings: StoredCeilings
    shutdown: Shutdown
    viewers: Viewers
    retention: Retention
    demo: Demo
    access: Access | None = None
    codes: LoginCodes = field(default_factory=LoginCodes)
    invitations: Invitations = field(default_factory=Invitations)
    costly: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_COSTLY))

    @property
    def shows_everybody(self) -> bool:
        """Return whether people without a token were invited to watch."""
        return self.access is not None and self.access.watching
