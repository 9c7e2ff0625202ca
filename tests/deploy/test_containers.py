"""The images keep their promises: no root, a health check, nothing secret, pinned versions."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from benchrace.cli.main import cli
from benchrace.config.central import read_central

HADOLINT = Path(sys.executable).with_name("hadolint")
Stage = list[tuple[str, str]]


@pytest.fixture(scope="module")
def deploy() -> Path:
    return Path(__file__).resolve().parents[2] / "deploy"


@pytest.fixture(scope="module")
def stages(deploy: Path) -> dict[str, Stage]:
    """Return the instructions of each stage, with those of the stage that it builds on."""
    text = (deploy / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    stages: dict[str, Stage] = {}
    name = ""
    for line in joined.splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages[name] = [*stages.get(base, []), (word, base)]
        else:
            stages.setdefault(name, []).append((word, rest))
    return stages


@pytest.fixture(scope="module")
def services(deploy: Path) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((deploy / "compose.yaml").read_text())["services"]
    return services


def last(stage: Stage, word: str) -> str:
    return [rest for name, rest in stage if name == word][-1]


def options_exist(words: list[str]) -> bool:
    """Check that a command and its options exist."""
    command = cli.get_command(None, words[0])  # type: ignore[arg-type]
    assert command is not None
    options = {option for param in command.params for option in param.opts}
    return {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", ["agent", "central"])
def test_an_image_runs_as_a_user_and_is_watched(stages: dict[str, Stage], name: str) -> None:
    stage = stages[name]
    uid, gid = last(stage, "USER").split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert stage.index(("USER", f"{uid}:{gid}")) > max(
        at for at, (word, _) in enumerate(stage) if word in ("RUN", "COPY")
    )
    words = json.loads(last(stage, "CMD"))
    assert words[0] == name
    assert options_exist(words)
    assert json.loads(last(stage, "ENTRYPOINT")) == ["benchrace"]
    assert last(stage, "STOPSIGNAL") == "SIGTERM"


@pytest.mark.parametrize("name", ["agent", "central"])
def test_the_health_check_asks_the_service_whatever_it_serves(
    stages: dict[str, Stage], name: str
) -> None:
    command = last(stages[name], "HEALTHCHECK").partition(" CMD ")[2]
    assert json.loads(command) == ["benchrace", name, "status", "--check"]
    group = cli.get_command(None, name)  # type: ignore[arg-type]
    assert isinstance(group, click.Group)
    assert "--check" in {
        option for param in group.commands["status"].params for option in param.opts
    }


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed")
def test_the_linter_finds_nothing(deploy: Path) -> None:
    done = subprocess.run(
        [HADOLINT, deploy / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_versions_are_pinned(stages: dict[str, Stage], deploy: Path) -> None:
    (base,) = re.findall(r"^ARG BASE=(.+)$", (deploy / "Containerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(r"python:\d+\.\d+-slim-[a-z]+", base)
    installs = [rest for word, rest in stages["base"] if word == "RUN" and "pip install" in rest]
    assert len(installs) == 1
    assert "--constraint" in installs[0]


def test_nothing_else_reaches_the_build(deploy: Path, stages: dict[str, Stage]) -> None:
    lines = (deploy / "Containerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule.removeprefix("!") for rule in rules[1:]}
    copied = {rest.split()[0] for word, rest in stages["base"] if word in ("COPY", "ADD")}
    assert copied == allowed


def test_no_secret_is_in_an_environment_or_a_command(
    stages: dict[str, Stage], services: dict[str, Any]
) -> None:
    for stage in stages.values():
        for word, rest in stage:
            assert word not in ("ARG", "ENV") or not re.search("TOKEN|KEY|PASSWORD", rest)
    for service in services.values():
        assert "environment" not in service
        assert "--token" not in service["command"]
        at = service["command"].index("--token-file") + 1
        assert service["command"][at] == f"/run/secrets/{service['secrets'][0]}"


def test_services_are_hardened(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in service
        assert service["build"]["target"] == name
        assert options_exist(service["command"])
        assert any(volume.endswith(":/data") for volume in service["volumes"])


def test_central_answers_to_the_name_that_the_agent_uses(
    deploy: Path, services: dict[str, Any]
) -> None:
    config = read_central(deploy / "config" / "central.yaml", {})
    words = services["agent"]["command"]
    host = words[words.index("--central") + 1].removeprefix("http://").partition(":")[0]
    assert host in services
    assert host in config.allowed_hosts
