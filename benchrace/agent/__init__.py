"""The process on each machine: it starts workers, keeps their journals and sends them on."""

from benchrace.agent.agent import Agent
from benchrace.agent.server import serve
from benchrace.agent.settings import AgentSettings, Flags, settle

__all__ = ["Agent", "AgentSettings", "Flags", "serve", "settle"]
