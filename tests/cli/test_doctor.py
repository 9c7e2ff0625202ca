"""What `doctor`, `preflight` and `plugins` check."""

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("central.yaml", "watch: perhaps\n", "watch: expected nobody or token or everybody"),
        ("model_policy.yaml", "requird: {}\n", "requird: unknown key; did you mean required?"),
    ],
)
def test_the_doctor_reads_every_file(
    call: Call, tmp_path: Path, name: str, text: str, words: str
) -> None:
    path = tmp_path / "config" / name
    path.parent.mkdir()
    path.write_text(text)
    result = call("doctor")
    assert result.exit_code == 1
    assert f"{path}:1: {words}" in result.output
    path.write_text("{}\n")
    assert f"{path} is valid" in call("doctor").output


@pytest.mark.usefixtures("described")
@pytest.mark.parametrize("command", [("doctor",), ("agent", "preflight")])
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (
            "openai:\n  base_url: nowhere\n",
            "table openai in this machine's agent.yaml: invalid base_url",
        ),
        ("ollama:\n  no_such_key: 1\n", "table ollama in this machine's agent.yaml: Object"),
    ],
)
def test_the_plugins_tables_are_checked(
    call: Call, tmp_path: Path, command: tuple[str, ...], table: str, words: str
) -> None:
    path = tmp_path / "config" / "agent.yaml"
    path.parent.mkdir()
    path.write_text(table)
    checked = call(*command)
    assert checked.exit_code == 1
    assert words in checked.output


def test_plugins_that_hang_are_named_after_a_limit(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = (sys.executable, "-c", "import time; time.sleep(600)")
    monkeypatch.setattr("benchrace.agent.settings.WORKER", hangs)
    monkeypatch.setattr("benchrace.cli.plugins._LIMIT_S", 0.5)
    for command in ("plugins", "doctor"):
        checked = call(command)
        assert checked.exit_code == 1
        assert (
            "waiting for plugins: comfyui, compute, llamacpp, ollama, openai, whisper"
            in checked.stderr
        )
        assert checked.stdout.count("did not return within 0.5 s") == 6
