"""`machines.yaml`: machines that central dials, and their tokens."""

from pathlib import Path

import pytest

from benchrace.config.machines import read_machines
from benchrace.errors import InvalidInput


def entry(tmp_path: Path, text: str, **environ: str) -> str | None:
    path = tmp_path / "machines.yaml"
    path.write_text(f"machines:\n  - {{machine_id: a, {text}}}\n")
    (only,) = read_machines(path, environ)
    return only.agent_token


URL = 'agent_base_url: "http://10.0.0.7:9001"'


def test_a_token_stands_in_the_file_or_in_the_environment(tmp_path: Path) -> None:
    assert entry(tmp_path, f"dial: true, {URL}, agent_token: ' secret '") == "secret"
    named = f"dial: true, {URL}, agent_token_env: LAB_TOKEN"
    assert entry(tmp_path, named, LAB_TOKEN="other") == "other"
    assert entry(tmp_path, f"dial: true, {URL}") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dial: true", r"machines\.yaml:2: .*agent_base_url: dialling needs the agent's address"),
        ('dial: true, agent_base_url: "10.0.0.7:9001"', "e.g. http://10.0.0.7:9001"),
        ('dial: true, agent_base_url: "http://10.0.0.7:none"', "e.g. http://10.0.0.7:9001"),
        ('dial: true, agent_base_url: "http://10.0.0.7?x=1"', "e.g. http://10.0.0.7:9001"),
        (f"dial: true, {URL}, agent_token_env: LAB_TOKEN", "no variable 'LAB_TOKEN'"),
        (f"{URL}, agent_token: a, agent_token_env: B", "cannot be used with agent_token"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        entry(tmp_path, text)
