"""`callbacks` in `agent.yaml`."""

from pathlib import Path

import pytest

from benchrace.config.agent import read_agent
from benchrace.errors import BenchraceError
from benchrace.redaction import SECRETS


def test_a_secret_file_is_read_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "hook.secret").write_text("whsec_c2VjcmV0IG9mIHRlc3Rz\n")
    (tmp_path / "hook.secret").chmod(0o600)
    path = tmp_path / "agent.yaml"
    path.write_text(
        "callbacks:\n  secret_file: hook.secret\n  ca: ca.pem\n"
        "  base_url: https://front.example\n  allowed_hosts: [10.0.0.0/8, 'hooks.example:8080']\n"
    )
    config = read_agent(path, {}).config.callbacks
    assert config.secret == "whsec_c2VjcmV0IG9mIHRlc3Rz"
    assert config.ca == str(tmp_path / "ca.pem")
    assert SECRETS.text(f"it is {config.secret}") == "it is [redacted]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  base_url: front.example\n", "callbacks.base_url: expected an address like"),
        ("  base_url: https://u:p@front.example\n", "callbacks.base_url: expected an address"),
        ("  allowed_hosts: ['*.example']\n", "callbacks.allowed_hosts[0]: invalid host"),
        ("  allowed_hosts: ['http://a.example']\n", "callbacks.allowed_hosts[0]: invalid host"),
        ("  allowed_hosts: [10.0.0.1/8]\n", "callbacks.allowed_hosts[0]: invalid host"),
        ("  allowed_hosts: ['a.example:0']\n", "callbacks.allowed_hosts[0]: invalid host"),
        ("  secret_file: none\n", "callbacks.secret_file: "),
        ("  secret: whsec_\n", "callbacks.secret: nothing follows"),
        ("  timeout_seconds: 3\n", "callbacks.timeout_seconds: unknown key; did you mean"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text(f"callbacks:\n{text}")
    with pytest.raises(BenchraceError) as caught:
        read_agent(path, {})
    assert caught.value.message.startswith(f"{path}:2: {message}")


@pytest.mark.parametrize(
    ("mode", "content", "message"),
    [
        (0o640, "secret of tests", "chmod 600"),
        (0o600, " \n", "is empty"),
        (0o600, "whsec_\n", "is empty"),
    ],
)
def test_a_secret_that_others_may_read_is_refused(
    tmp_path: Path, mode: int, content: str, message: str
) -> None:
    secret = tmp_path / "hook.secret"
    secret.write_text(content)
    secret.chmod(mode)
    path = tmp_path / "agent.yaml"
    path.write_text("callbacks:\n  secret_file: hook.secret\n")
    with pytest.raises(BenchraceError, match=message):
        read_agent(path, {})
