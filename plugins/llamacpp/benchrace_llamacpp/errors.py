"""The meaning of llama-server's errors, and how its failures are described."""

import signal

from benchrace.plugin import BenchraceError, Category, Peer, chat_api

# benchrace starts the server itself: what is wrong with it is in its program and its arguments.
_REMEDY = "Correct `llama_server` and `arguments` in the table `llamacpp` of agent.yaml."
REMEDIES = chat_api.Remedies(key=_REMEDY, route=_REMEDY, redirect=_REMEDY)


def refusal(status: int, text: str) -> BenchraceError:
    """Return the meaning of an error response, or of an error in a successful response."""
    return chat_api.refusal(status, text, REMEDIES)


def ending(status: int) -> str:
    """Describe an exit status; above 128 it is a signal's."""
    number = status - 128 if status > 128 else -status
    if number > 0 and number in {member.value for member in signal.Signals}:
        return f"was ended by {signal.Signals(number).name}"
    return f"exited with status {status}"


def named(peer: Peer) -> str:
    """Name a worker by its machine and its endpoint."""
    return f"worker {peer.label} ({peer.endpoint})"


def system(message: str, remedy: str, detail: str | None = None) -> BenchraceError:
    """Return the failure of a program of this machine."""
    return BenchraceError(Category.SYSTEM, message, remedy, detail=detail)
