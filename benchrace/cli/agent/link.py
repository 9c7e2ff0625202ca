"""The link state of a running agent as it reports it: `linked`, `refused: why`."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchrace.cli.service.service import Record

_DIALLING = "dialling"
_REFUSED = "refused"
# An agent describes its plugins before it links.
_PATIENCE_S = 15.0


def link_state(agent: "Record", token: str | None) -> str:
    """Ask a running agent for its link state; where it does not answer, return why."""
    from benchrace.cli.connect.client import Client
    from benchrace.errors import BenchraceError

    try:
        with Client(agent.url, token, agent.certificate) as client:
            status = client.convert(client.get("/api/status"), dict[str, object])
            return str(status.get("central", "unknown"))
    except BenchraceError as error:
        return f"unknown: {error.message}"


def wait_for_link(agent: "Record", token: str | None) -> str:
    """Wait until the agent's first call to central has an answer, for at most 15 s."""
    until = time.monotonic() + _PATIENCE_S
    while (words := link_state(agent, token)) == _DIALLING and time.monotonic() < until:
        time.sleep(0.05)
    return words


def is_refused(words: str) -> bool:
    """Return whether central answered and rejected the agent."""
    return words.startswith(_REFUSED)
