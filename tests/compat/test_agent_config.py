"""Older keys and variables end up in the tables of today."""

from pathlib import Path

import pytest

from benchrace.compat.agent_config import RENAMES, with_environment
from benchrace.config.agent import AgentConfig, read_agent
from benchrace.errors import InvalidInput


def test_older_flat_keys(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("label: x\nollama_base_url: http://a:1\ncomfyui:\n  base_url: http://b:2\n")
    config = read_agent(path, {}, RENAMES).config
    assert config.tables == {
        "ollama": {"base_url": "http://a:1"},
        "comfyui": {"base_url": "http://b:2"},
    }


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"OLLAMA_BASE_URL": "http://x:1", "OLLAMA_HOST": "y"}, "http://x:1"),
        ({"OLLAMA_HOST": "box"}, "http://box:11434"),
        ({"OLLAMA_HOST": "box:99"}, "http://box:99"),
        ({"OLLAMA_HOST": "0.0.0.0"}, "http://127.0.0.1:11434"),
        ({"OLLAMA_PORT": "77"}, "http://127.0.0.1:77"),
        ({"OLLAMA_HOST": "http://z:5"}, "http://z:5"),
    ],
)
def test_older_variables(environ: dict[str, str], url: str) -> None:
    config = with_environment(AgentConfig(tables={"ollama": {"keep": 1}}), environ)
    assert config.tables == {"ollama": {"keep": 1, "base_url": url}}


def test_no_variable_changes_nothing_and_a_bad_one_is_named() -> None:
    assert with_environment(AgentConfig(), {}) == AgentConfig()
    with pytest.raises(InvalidInput, match="OLLAMA_PORT"):
        with_environment(AgentConfig(), {"OLLAMA_PORT": "x"})
