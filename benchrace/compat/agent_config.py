"""Older keys of `agent.yaml` and older environment variables, as the tables they are now."""

from collections.abc import Mapping

import msgspec

from benchrace.config.agent import AgentConfig
from benchrace.config.environment import host, port
from benchrace.config.explain import Keys

RENAMES: dict[str, Keys] = {
    "ollama_base_url": ("ollama", "base_url"),
    "comfyui_base_url": ("comfyui", "base_url"),
    "openai_base_url": ("openai", "base_url"),
    "central_url": ("central_base_url",),
    "agent_host": ("bind_host",),
    "agent_port": ("bind_port",),
}


def with_environment(config: AgentConfig, environ: Mapping[str, str]) -> AgentConfig:
    """Apply `OLLAMA_BASE_URL`, or `OLLAMA_HOST` and `OLLAMA_PORT`; they win over the file.

    Raises InvalidInput for a port that is none.
    """
    url = _address(environ)
    if url is None:
        return config
    table = {**config.tables.get("ollama", {}), "base_url": url}
    return msgspec.structs.replace(config, tables={**config.tables, "ollama": table})


def _address(environ: Mapping[str, str]) -> str | None:
    if whole := environ.get("OLLAMA_BASE_URL", "").strip():
        return whole
    name, number = host(environ, "OLLAMA_HOST"), port(environ, "OLLAMA_PORT")
    if name is None and number is None:
        return None
    if name is not None and "://" in name:
        return name
    # The engine's own variable may hold the port as well.
    name, _, inner = (name or "127.0.0.1").partition(":")
    shown = "127.0.0.1" if name in ("0.0.0.0", "") else name
    return f"http://{shown}:{number if number is not None else inner or 11434}"
