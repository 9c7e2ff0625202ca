"""`benchrace central login-link`, and the link that central itself prints to a terminal."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from anyio import to_thread

from tests.central.served import served
from tests.cli.conftest import Call

ASKS: dict[str, Any] = {"require_token": True, "operator_token": "the operators token"}
LINK = re.compile(r"valid for ten minutes: (http://\S+)/#login=([\w-]+)")
CENTRAL = [sys.executable, "-c", "from benchrace.cli.main import main; main()", "central"]


async def test_a_link_needs_no_token_on_centrals_machine(data: Path, call: Call) -> None:
    async with served(data, **ASKS) as site:
        result = await to_thread.run_sync(call, "central", "login-link")
        base, code = result.output.strip().split("/#login=")
        assert base == site.url
        entered = await site.http.post("/api/login", json={"code": code})
        assert entered.json()["right"] == "operate"
        result = await to_thread.run_sync(call, "central", "login-link", "--json")
        assert msgspec.json.decode(result.output)["life_s"] == 600
        none = await to_thread.run_sync(call, "central", "login-link", "--watch")
        assert (none.exit_code, "--watch token" in none.stderr) == (2, True)


async def test_where_there_is_nothing_to_log_in_to_it_says_so(data: Path, call: Call) -> None:
    result = call("central", "login-link")
    assert (result.exit_code, "benchrace central start" in result.stderr) == (1, True)
    async with served(data):
        result = await to_thread.run_sync(call, "central", "login-link")
    assert (result.exit_code, "does not require a token" in result.stderr) == (2, True)


@pytest.mark.slow
def test_central_says_a_link_to_a_terminal_and_to_no_file(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*CENTRAL, "--require-token", "--port", "0", "--data-dir", str(tmp_path / "data")]
    central = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        output = ""
        while (match := LINK.search(output + " ")) is None or not output.endswith("\n"):
            output += os.read(ours, 4096).decode()
        login = httpx.post(f"{match[1]}/api/login", json={"code": match[2]}, trust_env=False)
        assert login.json()["right"] == "operate"
    finally:
        central.terminate()
        central.wait()
        os.close(ours)
    contents = (path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(match[2].encode() in content for content in contents)
    whole = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert whole.stdout is not None
    for line in whole.stdout:
        if b"users log in" in line:
            whole.terminate()
        assert b"#login=" not in line
    assert whole.wait() == 0
    whole.stdout.close()
