"""Settings from the configuration folder, including older names."""

import os
from pathlib import Path

import msgspec

from benchrace.compat.agent_config import RENAMES, with_environment
from benchrace.config.agent import AgentFile, read_agent
from benchrace.config.central import CentralConfig, read_central
from benchrace.config.paths import config_dir


def agent_file(chosen: str | None) -> AgentFile:
    """Read `agent.yaml`, with the environment's older variables."""
    file = read_agent(agent_path(chosen), os.environ, RENAMES)
    return msgspec.structs.replace(file, config=with_environment(file.config, os.environ))


def agent_path(chosen: str | None) -> Path:
    """Return the path of the agent's configuration file."""
    return config_dir(chosen) / "agent.yaml"


def central_config(chosen: str | None) -> CentralConfig:
    """Read `central.yaml`."""
    return read_central(config_dir(chosen) / "central.yaml", os.environ)


def configured_central(chosen: str | None = None) -> str | None:
    """Return the central that `agent.yaml` names, or else the one that this machine has joined."""
    file = agent_file(chosen)
    joined = file.joined
    return file.config.central_base_url or (None if joined is None else joined.central)
