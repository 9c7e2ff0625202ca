"""What this machine's agent says of itself."""

from pathlib import Path

from benchrace.api.agents import AgentHealth
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.http import TransportError
from benchrace.cli.service.service import Record
from benchrace.errors import BenchraceError


def agent_health(record: Record, log: Path) -> AgentHealth:
    """Ask the agent of a record for its health; raises why it does not answer. Blocks."""
    try:
        with Client(record.url, certificate=record.certificate) as agent:
            return agent.convert(agent.get("/health"), AgentHealth)
    except BenchraceError as error:
        cause = error.__cause__
        why = str(cause) if isinstance(cause, TransportError) else error.message
        raise BenchraceError(
            error.category,
            f"the agent at {record.url} does not answer: {why}",
            f"See its log: {log}",
        ) from error
