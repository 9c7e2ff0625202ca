"""Restarting agent and central over HTTP, beside start and stop."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchrace.cli.service.restart import restart_arguments
from benchrace.compat.central import install
from tests.central.served import served

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("arguments", "port", "result"),
    [
        (["central", "--token-fd", "9", "--insecure"], 8080, ["central", "--insecure"]),
        (["central", "start", "--fg", "--token-fd=9"], 8080, ["central", "start", "--fg"]),
        (["central", "--host", "--token-fd-x"], 8080, ["central", "--host", "--token-fd-x"]),
    ],
)
def test_the_same_command_without_the_token_that_was_read(
    arguments: list[str], port: int, result: list[str]
) -> None:
    assert restart_arguments(arguments, port) == [*result, "--port", str(port)]
    assert restart_arguments(arguments, None) == result


async def test_a_central_of_another_command_refuses(tmp_path: Path) -> None:
    async with served(tmp_path, extend=install) as site:
        answer = await site.http.post("/api/service/central/restart")
        assert answer.status_code == 409
        assert "belongs to another command" in answer.json()["error"]["message"]
        foreign = {"Origin": "http://evil.example"}
        answer = await site.http.post("/api/service/central/restart", headers=foreign)
        assert answer.status_code == 403


def wait(url: str, process: "subprocess.Popen[bytes]", instance: str = "") -> dict[str, Any]:
    """Ask until a central answers that is not `instance`."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            body: dict[str, Any] = httpx.get(f"{url}/health").json()
        except httpx.HTTPError:
            continue
        if body["instance"] != instance:
            return body
    raise AssertionError(f"no other central at {url}: {process.poll()}")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_central_and_an_agent_start_anew_in_their_place(tmp_path: Path) -> None:
    environment = {**os.environ, "BENCHRACE_CONFIG_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "benchrace.cli", "central", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().split()[-1]
            before = wait(url, process)
            answer = httpx.post(f"{url}/api/service/central/restart", timeout=60)
            assert answer.status_code == 200, answer.text
            assert answer.json()["pid"] == process.pid
            after = wait(url, process, before["instance"])
            assert after["instance"] != before["instance"]
            agent = f"{url}/api/service/agent"
            first = httpx.post(f"{agent}/start", params={"machine_id": "beside"}, timeout=90)
            second = httpx.post(f"{agent}/restart", params={"machine_id": "beside"}, timeout=90)
            try:
                assert second.status_code == 200, second.text
                assert second.json()["running"] is True
                assert second.json()["pid"] != first.json()["pid"]
            finally:
                httpx.post(f"{agent}/stop", params={"machine_id": "beside"}, timeout=90)
        finally:
            process.terminate()
