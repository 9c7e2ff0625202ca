"""`benchrace agent leave`: forget the central that this machine has joined."""

import os
from pathlib import Path

from benchrace.api.joining import LeaveAnswer
from benchrace.api.paths import LEAVE
from benchrace.cli.connect.client import Client
from benchrace.config.joined import Joined
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.tls.trust import joined_trust, trust_of


def revoke(joined: Joined) -> str | None:
    """Make central revoke this machine's token; return why it could not be reached or refused."""
    trust = trust_of(os.environ, joined_trust(joined))
    try:
        with Client(joined.central, joined.token, trust=trust) as client:
            client.convert(client.post(LEAVE), LeaveAnswer)
    except BenchraceError as error:
        return error.message
    return None


def forget(path: Path) -> None:
    """Remove the file of the joined central; raises `system` where that is not possible."""
    try:
        path.unlink()
    except OSError as error:
        raise atomic.failure(path, error) from error


def nothing_joined(path: Path) -> BenchraceError:
    """Return the error of a machine that has joined no central."""
    return BenchraceError(
        Category.VALIDATION,
        f"this machine has not joined a central: {path} does not exist",
        "A central that agent.yaml names is left by removing `central_base_url` there.",
    )
