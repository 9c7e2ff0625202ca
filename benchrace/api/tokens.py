"""Requests and answers about the tokens of a central."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.ids import MachineId

MAX_NAME_CHARS = 80
TokenName = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARS)]


class TokenRole(StrEnum):
    """Who shows a token: an agent, an operator or a watcher."""

    AGENT = "agent"
    OPERATOR = "operator"
    WATCHER = "watcher"


class TokenOrigin(StrEnum):
    """Where a token comes from: central's first start, its configuration, or a request."""

    FIRST_START = "first_start"
    CONFIGURATION = "configuration"
    NAMED = "named"


class TokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret.

    `created_at` and `used_at` are wall seconds; null for a configured token, whose age central does
    not know, and for a token that was never used. `used_at` survives a restart to within a minute.
    `machine_id` is the only machine that may link with it, null for any. `note` says why it
    cannot be rotated or revoked here, or why it is not accepted now.
    """

    token_id: str
    role: TokenRole
    name: str
    origin: TokenOrigin
    created_at: float | None
    used_at: float | None
    machine_id: str | None
    rotatable: bool
    revocable: bool
    note: str | None


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    tokens: tuple[TokenEntry, ...]


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`machine_id` limits an agent token to one machine; it replaces that machine's earlier one."""

    role: TokenRole
    name: TokenName
    machine_id: MachineId | None = None


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token, shown this once: central keeps its SHA-256 only."""

    token: str
    entry: TokenEntry
