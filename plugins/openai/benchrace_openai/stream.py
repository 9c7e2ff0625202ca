"""Parse the events of an answer's stream, from any of the servers."""

from benchrace.plugin import Delta, chat_api
from benchrace_openai.errors import REMEDIES


def read(data: bytes) -> Delta:
    """Parse one event; raises `bad_output` for an invalid message."""
    return chat_api.read_event(data, REMEDIES)
