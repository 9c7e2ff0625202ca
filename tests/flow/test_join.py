"""Two machines join a central by invitation, each with one command, as real processes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import Shell, wait_until

pytestmark = pytest.mark.slow


class Machine(Shell):
    """A machine with folders of its own."""

    def joined(self) -> dict[str, Any]:
        joined: dict[str, Any] = json.loads((self.root / "config" / "joined.json").read_bytes())
        return joined


def machine(root: Path, name: str) -> Machine:
    (root / name).mkdir()
    return Machine(root / name)


def printed(shell: Shell, *words: str) -> Any:
    done = shell.call(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(240)
def test_two_machines_join_with_one_command_each(tmp_path: Path) -> None:
    central = machine(tmp_path, "central")
    first, second = machine(tmp_path, "first"), machine(tmp_path, "second")
    shells = (central, first, second)
    try:
        options = ("--port", "0", "--require-token")
        first_tokens = printed(central, "central", "start", *options)["info"]
        secrets = {first_tokens["token"], first_tokens["operator_token"]}
        command: list[str] = []
        for shell, name in ((first, "one"), (second, "two")):
            command = printed(central, "central", "invite")["command"].split()[1:]
            done = shell.call(*command, "--machine-id", name, "--port", "0", "--share-host")
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"central can use {name}" in done.stdout
            secrets.add(shell.joined()["token"])
        again = second.call(*command, "--machine-id", "three", "--yes")
        assert (again.returncode, "already been used" in again.stderr) == (2, True)
        tokens = printed(central, "central", "token", "list")["tokens"]
        assert [token["machine_id"] for token in tokens] == [None, None, "one", "two"]
        _nothing_secret(secrets, shells)
        _leaves_or_is_revoked(central, first, second)
    finally:
        for shell in shells:
            for process in shell.processes():
                process.kill()


def _nothing_secret(secrets: set[str], shells: tuple[Shell, ...]) -> None:
    """Search for tokens where others could read them: logs, data of central, command lines."""
    assert len(secrets) == 4
    lines = [" ".join(process.cmdline()) for shell in shells for process in shell.processes()]
    assert len(lines) >= 3
    files = [path for shell in shells for path in shell.data.rglob("*") if path.is_file()]
    assert sum(path.suffix == ".log" for path in files) == 3
    texts = [*lines, *(path.read_bytes().decode("utf-8", "replace") for path in files)]
    assert [text for text in texts for secret in secrets if secret in text] == []


def _leaves_or_is_revoked(central: Shell, first: Machine, second: Machine) -> None:
    """One machine leaves; the token of the other is revoked, which closes its link."""
    assert printed(first, "agent", "leave")["revoked"]
    wait_until(lambda: first.processes() == [], "the end of the agent that has left")
    (token_id,) = (
        token["token_id"]
        for token in printed(central, "central", "token", "list")["tokens"]
        if token["machine_id"] == "two"
    )
    printed(central, "central", "token", "revoke", token_id)

    log = second.data / "logs" / "agent-two.log"
    words = "refused: wrong or revoked agent token"
    wait_until(lambda: words in log.read_text(), "the refusal of a revoked token")
