"""The agent's older routes and names."""

from quart import Quart

from benchrace.agent import Agent


def install(app: Quart, agent: Agent) -> None:
    """Add what older clients know of an agent."""
