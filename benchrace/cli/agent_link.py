"""How the link of a running agent stands, in its own words: `linked`, `refused: why`."""

import time

_DIALLING = "dialling"
_REFUSED = "refused"
# It describes its plugins before it says hello.
_PATIENCE_S = 15.0


def link_of(url: str, token: str | None) -> str:
    """Ask the agent at `url`; where it does not say, tell why."""
    from benchrace.cli.client import Client
    from benchrace.errors import BenchraceError

    try:
        with Client(url, token) as agent:
            return str(agent.get("/api/status").get("central", "unknown"))
    except BenchraceError as error:
        return f"unknown: {error.message}"


def settled(url: str, token: str | None) -> str:
    """Wait until the agent's first call to central has an answer, for at most 15 s."""
    until = time.monotonic() + _PATIENCE_S
    while (words := link_of(url, token)) == _DIALLING and time.monotonic() < until:
        time.sleep(0.05)
    return words


def is_refused(words: str) -> bool:
    """Tell whether central answered, and did not let the agent in."""
    return words.startswith(_REFUSED)
