"""Who may ask this central for what, by tokens and sessions; and its machine's own key."""

import secrets
from pathlib import Path

from benchrace.central.auth import token_file
from benchrace.central.auth.tokens import CentralTokens
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.config.central import Watching
from benchrace.redaction import SECRETS
from benchrace.store import atomic
from benchrace.web.auth.access import Access
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.auth.session import Sessions
from benchrace.web.token import Tokens, sha256_of

LOCAL = "local.key"
# An older agent registers and reports over HTTP; every agent reads its own machine there.
LINK_BELOW = ("/api/v1/agents/",)


def access(
    settings: CentralSettings,
    folder: Path,
    central_tokens: CentralTokens,
    attempts: Attempts,
    local: str | None = None,
) -> Access:
    """Build the access rules. Blocks."""
    tokens = Tokens(entries=central_tokens.entries, local=local, on_use=central_tokens.note_use)
    return Access(
        tokens=tokens,
        sessions=Sessions(folder / "sessions.json", tokens, SystemClock().wall_s),
        watching=settings.watch is Watching.EVERYBODY,
        link_below=LINK_BELOW,
        attempts=attempts,
    )


def local_key(folder: Path) -> str:
    """Create the key for commands on this machine, readable by its owner only; return its digest.

    It holds until the next start. Blocks.
    """
    key = secrets.token_urlsafe(token_file.TOKEN_BYTES)
    SECRETS.add(key)
    atomic.write_private(folder / LOCAL, key.encode() + b"\n")
    return sha256_of(key)
