"""Requests and answers about machines that join a central: invitations, joining, leaving."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.api.session import Token
from benchrace.api.tokens import TokenName
from benchrace.ids import MachineId
from benchrace.run.machine import MachineState

# From this difference of two clocks on, people are warned.
CLOCK_S = 60.0
Short = Annotated[str, Meta(max_length=200)]


class InvitationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`label` is what the list and the machine's token show, null for the machine's own name."""

    label: TokenName | None = None


class InvitationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that was not used yet; the times are wall seconds."""

    invitation_id: str
    label: str | None
    created_at: float
    expires_at: float


class InvitationList(msgspec.Struct, frozen=True, kw_only=True):
    invitations: tuple[InvitationEntry, ...]


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """A code, shown this once, that lets one machine join within `life_s` seconds.

    `host` is what central listens on, `hosts` the names that it answers to. `pin` is the SHA-256
    of its CA: `benchrace agent join URL CODE.PIN` trusts that CA alone. It is null without TLS, and
    where central's certificate has no CA of its own with it. `client_certificates` says whether
    central requires them.
    """

    code: str
    life_s: float
    host: str
    hosts: tuple[str, ...]
    pin: str | None
    client_certificates: bool
    entry: InvitationEntry


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine that wants to join: `host_id` identifies its computer, `wall_s` is its clock."""

    code: Token
    machine_id: MachineId
    host_id: Annotated[str, Meta(min_length=1, max_length=200)]
    label: Short
    version: Short
    protocol: Short
    wall_s: Annotated[float, Meta(ge=0, le=1e11)]


class JoinAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token with which this machine alone may link.

    `clock_ahead_s` is the machine's clock minus central's, including the time on the network.
    """

    token: str
    machine_id: str
    version: str
    protocol: str
    wall_s: float
    clock_ahead_s: float


class OwnMachine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine of an agent token as central sees it; null before its first link."""

    machine_id: str
    state: MachineState | None
    reason: str | None


class LeaveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`revoked` is false for a token that belongs to no machine alone, which stays valid."""

    revoked: bool
