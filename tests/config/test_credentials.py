"""Keys and tokens from files and variables: trimmed, or refused by name and never by value."""

from pathlib import Path

import pytest

from benchrace.config.agent import read_agent
from benchrace.config.central import read_central
from benchrace.config.credentials import credential
from benchrace.errors import InvalidInput
from benchrace.redaction import redact

UNFIT = [
    "planted\x00inside",
    "planted\ninside",
    "planted\x7finside",
    "plänted-inside",
    "planted\u2028inside",
]


@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", " \t{} \n\n", "\n{}"])
def test_what_stands_around_a_key_is_no_part_of_it(around: str) -> None:
    assert credential("name", around.format("planted key 1")) == "planted key 1"
    assert redact("planted key 1") == "[redacted]"


@pytest.mark.parametrize("text", [None, "", " ", "\n"])
def test_nothing_is_no_key(text: str | None) -> None:
    assert credential("name", text) is None


@pytest.mark.parametrize("text", UNFIT)
def test_what_no_header_carries_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        credential("MY_KEY", text)
    assert "MY_KEY" in caught.value.message
    assert "inside" not in caught.value.message + caught.value.remedy


def test_every_key_of_agent_yaml_is_trimmed(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text(
        "central_token: |\n  planted-token-1\n"
        "openai:\n  - api_key: |\n      planted-key-2\n    name: |\n      kept\n"
        "third:\n  headers:\n    x-api-key: 'planted-key-3 '\n  password: |-\n    planted-key-4\n"
    )
    config = read_agent(path, {"MY_TOKEN": "planted-env-5\n"}).config
    assert config.central_token == "planted-token-1"
    (server,) = config.tables["openai"]["servers"]
    assert server == {"api_key": "planted-key-2", "name": "kept\n"}
    assert config.tables["third"]["headers"] == {"x-api-key": "planted-key-3"}
    for secret in ("token-1", "key-2", "key-3", "key-4", "env-5"):
        assert redact(f"planted-{secret}") == "[redacted]"


@pytest.mark.parametrize("key", ["central_token", "openai: {api_key", "openai: [{api_key"])
def test_an_unfit_key_of_agent_yaml_is_named_with_its_line(tmp_path: Path, key: str) -> None:
    path = tmp_path / "agent.yaml"
    end = {"o": "}", "c": ""}[key[0]] + ("]" if "[" in key else "")
    path.write_text(f'label: x\n{key}: "planted\\ninside"{end}\n')
    with pytest.raises(InvalidInput) as caught:
        read_agent(path, {})
    assert caught.value.message.startswith(f"{path}:2: ")
    assert "inside" not in caught.value.message


def test_tokens_of_central_come_from_file_and_environment(tmp_path: Path) -> None:
    path = tmp_path / "central.yaml"
    path.write_text("operator_token: |\n  planted-operator\nwatch_token: 'planted-watch '\n")
    config = read_central(path, {})
    assert (config.operator_token, config.watch_token) == ("planted-operator", "planted-watch")
    config = read_central(path, {"BENCHRACE_OPERATOR_TOKEN": " planted-other\r\n"})
    assert config.operator_token == "planted-other"
    with pytest.raises(InvalidInput, match="BENCHRACE_WATCH_TOKEN") as caught:
        read_central(path, {"BENCHRACE_WATCH_TOKEN": "planted\tinside"})
    assert "inside" not in caught.value.message
